// The demo's lobby: two modules of an application on realtime.js, with a connector for each of the two providers.
import { Realtime } from "/demo/realtime.js";

const main = document.getElementById("main"), { site, firebase, native } = main.dataset;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const me = (sessionStorage.me ??= `Guest ${1000 + Math.floor(Math.random() * 9000)}`);
const MOST = 50;
document.getElementById("me").textContent = me;

/** A WebSocket that is connected when `speak(send, heard, done)` has called done: its result takes what is received. */
function open(url, signal, speak) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url), send = (value) => socket.send(JSON.stringify(value));
    const closed = new Promise((end) => socket.addEventListener("close", end));
    const connection = { closed, close: () => socket.close() };
    signal.addEventListener("abort", () => { socket.close(); reject(signal.reason); });
    closed.then(() => reject(new Error("closed")));
    const hear = speak(send, connection, () => resolve(connection));
    socket.addEventListener("message", ({ data }) => hear(data));
  });
}

/** Our own service: rooms, and what is said in them (drill/native.py). */
const throughNative = (room, heard) => (signal) => open(native, signal, (send, connection, done) => {
  let alive;
  connection.send = (message) => send({ type: "publish", room, data: message });
  connection.ping = () => new Promise((pong) => { alive = pong; send({ type: "ping" }); });
  return (text) => {
    const said = JSON.parse(text);
    if (said.type === "welcome") send({ type: "subscribe", room, recent: true });
    else if (said.type === "subscribed") done();
    else if (said.type === "message") heard(said.data);
    else if (said.type === "pong") alive?.();
  };
});

/** The Realtime Database's wire protocol 5, as much of it as a room needs: hello, one listen, puts, and a ping. */
const throughFirebase = (room, heard) => (signal) => open(firebase, signal, (send, connection, done) => {
  let alive, parts = [], waiting = 0, number = 1;
  const ask = (action, body) => send({ t: "d", d: { r: number++, a: action, b: body } });
  connection.send = (message) => ask("p", { p: `/lobby/${room}/${message.id}`, d: message });
  connection.ping = () => new Promise((pong) => { alive = pong; send({ t: "c", d: { t: "p", d: {} } }); });
  const take = ({ t: kind, d: said }) => {
    if (kind === "c" && said.t === "h") ask("q", { p: `/lobby/${room}`, h: "" });
    else if (kind === "c" && said.t === "o") alive?.();
    else if (kind === "d" && said.r === 1) done();
    else if (kind === "d" && said.a === "d") {
      const { p: path, d: data } = said.b;
      for (const each of path.split("/").length > 2 ? [data] : Object.values(data ?? {})) if (each) heard(each);
    }
  };
  return (frame) => {
    if (!waiting && /^\d{1,6}$/.test(frame)) { waiting = Number(frame); return; } // So many frames make one message.
    parts.push(frame);
    if (--waiting > 0) return;
    const whole = parts.join("");
    parts = []; waiting = 0;
    take(JSON.parse(whole));
  };
});

const realtime = new Realtime({
  url: site, names: { firebase: "Firebase Web Sockets", native: "Native Web Sockets" },
  defaults: Object.fromEntries([...main.querySelectorAll("[data-route]")].map(({ dataset }) => [dataset.route, "firebase"])),
  pollMs: 2000, limitedPollMs: 3000, pingMs: 2000, // A demo is looked at by few, and impatiently.
});

for (const section of main.querySelectorAll("[data-route]")) {
  const { route } = section.dataset, room = route.split(".")[1];
  const at = (name) => section.querySelector(`[data-is=${name}]`), list = at("said"), form = at("form");
  const shown = new Map(), unsent = new Map();

  const show = (message) => {
    if (unsent.delete(message.id)) shown.get(message.id)?.removeAttribute("data-unsent");
    if (shown.has(message.id)) return;
    const item = document.createElement("li"), who = document.createElement("b"), when = document.createElement("time");
    who.textContent = message.by;
    when.textContent = clock.format(new Date(message.at));
    item.append(who, " ", when, document.createElement("br"), message.text);
    item.toggleAttribute("data-mine", message.by === me);
    list.append(item);
    shown.set(message.id, item);
    if (shown.size > MOST) { const [[oldest, node]] = shown; node.remove(); shown.delete(oldest); }
    at("empty").hidden = true;
    list.scrollTop = list.scrollHeight;
  };

  const connectors = { firebase: throughFirebase(room, show), native: throughNative(room, show) };
  const module = realtime.module(route, {
    connect: (target, signal) => connectors[target](signal),
    onstate: ({ state, target, until, text }) => {
      Object.assign(section.dataset, { state, target, s: { connected: "ok", limited: "limited" }[state] ?? "waiting" });
      at("icon").setAttribute("href", `#i-${section.dataset.s}`);
      at("text").textContent = text;
      at("until").textContent = until > new Date() ? `Next try at ${clock.format(until)}.` : "";
      at("fields").disabled = state !== "connected";
      // What was on its way when a connection ended is sent again; whoever has it already does not show it twice.
      if (state === "connected") for (const message of unsent.values()) module.connection?.send(message);
    },
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const field = form.elements.text, text = field.value.trim();
    if (!text || !module.connection) return;
    const now = Date.now(), message = { id: `${now}-${crypto.getRandomValues(new Uint32Array(1))[0]}`, by: me, text, at: now };
    show(message);
    unsent.set(message.id, message);
    shown.get(message.id).toggleAttribute("data-unsent", true);
    module.connection.send(message);
    field.value = "";
  });
}
