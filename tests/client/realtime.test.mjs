// realtime.js under node: a real server of directives, real times (short ones), an application that connects as it is told.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, afterEach, beforeEach, test } from "node:test";

const { Realtime, bucket, compare, evaluate, inForce, moment, ownOf, sha256 } = await import(process.env.REALTIME);
const vectors = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));
const CHAT = "realtime.chat", QA = "realtime.qa", CONNECT = { beacon_share: 1, timeout_ms: 200, max_attempts: 3, backoff_base_ms: 20, backoff_cap_ms: 50, limited_poll_ms: 40 };
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(condition, what = "the condition", ms = 8000) {
  const end = performance.now() + ms;
  for (let found; ; await wait(3)) {
    if ((found = condition())) return found;
    assert.ok(performance.now() < end, `${what} did not come true`);
  }
}

// --- The page ---

const page = { document: null, text: null, headers: {}, skew: 0, fault: null, asked: 0, beacons: [] };
const server = createServer((request, answer) => {
  if (request.url === "/beacon") {
    let body = "";
    request.on("data", (piece) => (body += piece)).on("end", () => { page.beacons.push([body, request.headers]); answer.writeHead(204).end(); });
    return;
  }
  page.asked += 1;
  if (page.fault === "silent") return;
  if (page.fault === "late") return void setTimeout(() => answer.end(JSON.stringify(page.document)), 1200);
  answer.writeHead(page.fault ? 500 : 200, { date: new Date(Date.now() + page.skew).toUTCString(), etag: '"x"', ...page.headers });
  answer.end(page.text ?? JSON.stringify(page.document));
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${server.address().port}`;
after(() => { server.closeAllConnections(); server.close(); });

/** Tell of a route; the others stay as they are. */
function tell(changes, route = CHAT, epoch = page.document.config_epoch[1] + 1, generation = "1g1") {
  const old = page.document.routes[route];
  page.document.routes[route] = { ...old, epoch: [generation, epoch], move: `m${epoch}`, connect: CONNECT, ...changes };
  page.document.config_epoch = [generation, epoch];
}

/** A ramp that begins now. */
const ramp = (seconds, wait_s = 0, ago = 0) => ({ start: new Date(Date.now() - ago).toISOString(), wait_s, seconds });

// --- The application ---

class Provider {
  constructor() { this.is = "up"; this.connections = []; this.tries = 0; }
  connect = (target, signal) => {
    this.tries += 1;
    const connection = { target, open: true, close() { this.open = false; this.end(); } };
    connection.closed = new Promise((end) => { connection.end = end; });
    connection.ping = () => (this.is === "silent" ? new Promise(() => {}) : Promise.resolve());
    const take = () => { this.connections.push(connection); return connection; };
    if (this.is === "down") return Promise.reject(new Error("refused"));
    if (this.is === "late") return wait(400).then(take);
    if (this.is !== "silent") return Promise.resolve(take());
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  get standing() { return this.connections.filter((each) => each.open); }
}

let providers, open;
function realtime(more = {}) {
  const made = new Realtime({ url, defaults: { [CHAT]: "firebase", [QA]: "firebase" }, pollMs: 30, readMs: 3000, pingMs: 1e6, sample: 0, storage: null, client: "ana", ...more });
  open.push(made);
  return made;
}

/** A module, with all its states and when they came. */
function module(from, route = CHAT) {
  const states = [], found = from.module(route, {
    connect: (target, signal) => providers[target].connect(target, signal),
    onstate: (state) => states.push({ ...state, at: performance.now() }),
  });
  return Object.assign(found, { states, names: () => states.map((each) => each.state) });
}

/** No state of connecting lasted longer than the limit. */
function assertBounded(states, limit = CONNECT.timeout_ms) {
  states.forEach((each, at) => {
    if (each.state === "connecting") assert.ok((states[at + 1]?.at ?? performance.now()) - each.at < limit + 150, JSON.stringify(states));
  });
}

beforeEach(() => {
  Object.assign(page, { document: structuredClone(vectors.document), text: null, headers: {}, skew: 0, fault: null, asked: 0, beacons: [] });
  for (const route of [CHAT, QA]) page.document.routes[route].connect = CONNECT;
  providers = { firebase: new Provider(), native: new Provider() };
  open = [];
});
afterEach(() => { for (const each of open) each.close(); });

// --- What a directive means ---

test("hashes, moments, buckets, evaluations are those of the server", () => {
  for (const [text, hex] of vectors.sha256) assert.equal(Buffer.from(sha256(text)).toString("hex"), hex);
  for (const [client, move, expected] of vectors.moments) assert.equal(moment(client, move), expected);
  for (const [route, client, expected] of vectors.buckets) assert.equal(bucket(route, client), expected);
  for (const [route, directive, context, expected, its] of vectors.evaluations) {
    const { value, reason, rule } = evaluate(route, directive, context), own = ownOf(directive, rule);
    assert.deepEqual([value, reason], expected);
    assert.deepEqual([own.publish_to, own.move, own.ramp, own.rollout], its);
  }
  for (const [directive, at, expected] of vectors.in_force) assert.deepEqual(inForce(directive, at * 1000), expected);
});

test("epochs are compared part by part", () => {
  assert.ok(compare(["1g1", 2], ["1g1", 1]) > 0 && compare(["1g1", 9], ["1g2", 1]) < 0 && compare(["1g1", 1], ["1g1", 1]) === 0);
});

// --- Connecting ---

test("whom a rule applies to waits for their own ramp, and nobody else does", async () => {
  const rule = { attribute: "event_users", over: 5000, under: 4000, held: false, target: "native" };
  const flip = { ...rule, publish_to: ["firebase", "native"], move: "flip", ramp: ramp(0, 1) };
  tell({ target: "firebase", publish_to: ["firebase"], rules: [flip] });
  const few = module(realtime()), many = module(realtime({ context: { event_users: 6000 } }));
  await until(() => few.state?.state === "connected");
  assert.deepEqual([few.state.target, few.state.publishTo], ["firebase", ["firebase"]]);
  assert.ok(!few.names().includes("limited"));
  await until(() => many.state?.state === "limited");
  assert.equal(providers.native.tries, 0);
  await until(() => many.state?.state === "connected");
  assert.deepEqual([many.state.target, many.state.publishTo], ["native", ["firebase", "native"]]);
});

test("a rule's ramp is remembered over a reload", async () => {
  const kept = new Map(), storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => kept.set(key, text) };
  const rule = { attribute: "event_users", over: 5000, under: 4000, held: false, target: "native" };
  tell({ target: "firebase", publish_to: ["firebase"], rules: [{ ...rule, publish_to: ["native"], move: "flip", ramp: ramp(0, 60) }] });
  const context = { event_users: 6000 }, first = realtime({ storage, context });
  await first.ready;
  await wait(400);
  page.fault = "error";
  const again = realtime({ storage, context });
  assert.ok(again.wanted(CHAT).wait > 0 && again.wanted(CHAT).wait <= first.wanted(CHAT).wait + 200);
});

test("it connects where the directive says, and says so", async () => {
  tell({ target: "native", publish_to: ["native"] });
  const chat = module(realtime({ names: { native: "Native Web Sockets" } }));
  await until(() => chat.connection);
  assert.deepEqual(chat.names(), ["connecting", "connected"]);
  assert.deepEqual([chat.state.target, chat.state.text, chat.state.publishTo], ["native", "Connected through Native Web Sockets", ["native"]]);
});

for (const fault of ["broken", "silent"]) test(`with a page that is ${fault} the default holds`, async () => {
  page.fault = fault;
  const chat = module(realtime({ readMs: 150 }));
  await until(() => chat.connection);
  assert.equal(chat.state.target, "firebase");
  assert.deepEqual(chat.names(), ["connecting", "connected"]);
});

test("without a default and without a page a module is limited", async () => {
  page.fault = "broken";
  const chat = module(realtime({ defaults: {} }));
  await until(() => chat.state?.state === "limited");
  assert.deepEqual(chat.state.publishTo, []);
});

test("nobody looks at connecting for longer than the limit, and who comes back is found", async () => {
  providers.firebase.is = "silent";
  const chat = module(realtime());
  await until(() => chat.state?.state === "limited");
  await until(() => providers.firebase.tries >= 3);
  assert.deepEqual(new Set(chat.names()), new Set(["connecting", "limited"]));
  assert.equal(chat.names().filter((each) => each === "connecting").length, 1);
  providers.firebase.is = "up";
  await until(() => chat.connection);
  assert.equal(chat.state.state, "connected");
  assertBounded(chat.states);
});

test("connecting ends in time even while the directives do not come", async () => {
  page.fault = "silent";
  providers.firebase.is = "silent";
  const chat = module(realtime({ readMs: 5000, storage: kept({ connect: { ...CONNECT, timeout_ms: 200 } }) }));
  await until(() => chat.state?.state === "limited");
  assertBounded(chat.states);
});

test("the time that the directives took is part of the limit that they set", async () => {
  page.fault = "late";
  providers.firebase.is = "silent";
  tell({ connect: { ...CONNECT, timeout_ms: 1000 } });
  const chat = module(realtime());
  await until(() => chat.state?.state === "limited");
  assertBounded(chat.states, 1200 + 400);
});

test("refused is limited at once, tried again with a backoff, and the directive is read again", async () => {
  providers.firebase.is = "down";
  const chat = module(realtime({ pollMs: 1e6 }));
  await until(() => providers.firebase.tries >= 3);
  assert.ok(chat.state.until instanceof Date);
  await until(() => page.asked >= 2, "the directive was read again");
  tell({ target: "native" });
  await until(() => chat.connection?.target === "native");
});

test("a connection that comes too late is closed", async () => {
  providers.firebase.is = "late";
  const chat = module(realtime());
  await until(() => providers.firebase.connections.length > 0);
  await until(() => providers.firebase.standing.length === 0);
  assert.equal(chat.connection, null);
});

test("what is lost is connected again; what goes again and again is limited in between", async () => {
  const chat = module(realtime());
  for (let round = 0; round < 4; round++) {
    const connection = await until(() => chat.connection);
    connection.close();
    await until(() => chat.connection !== connection);
  }
  await until(() => chat.connection);
  assert.deepEqual(chat.names().slice(0, 4), ["connecting", "connected", "connecting", "connected"]);
  assert.ok(!chat.names().slice(4).includes("connecting"), chat.names().join());
});

test("a connection that looks open and is dead is noticed", async () => {
  const chat = module(realtime({ pingMs: 20 }));
  await until(() => chat.connection);
  providers.firebase.is = "silent";
  await until(() => chat.state.state === "limited");
  assert.equal(chat.connection, null);
  assertBounded(chat.states);
});

// --- Moving ---

test("all modules of a client move at one moment of its own, and the old connection stands until the new one does", async () => {
  const one = realtime(), chat = module(one), qa = module(one, QA);
  await until(() => chat.connection && qa.connection);
  const [old] = providers.firebase.standing, move = { target: "native", move: "mm", ramp: ramp(1), previous: "firebase", publish_to: ["firebase", "native"] };
  tell(move);
  tell(move, QA);
  await until(() => chat.state.publishTo.length === 2);
  assert.equal(chat.connection, old);
  const heard = performance.now();
  await until(() => chat.connection?.target === "native" && qa.connection?.target === "native");
  const took = chat.states.at(-1).at - heard, own = moment("ana", "mm") * 1000;
  assert.ok(Math.abs(took - own) < 250, `${took} ${own}`);
  assert.ok(Math.abs(chat.states.at(-1).at - qa.states.at(-1).at) < 100);
  assert.ok(!old.open);
  assert.deepEqual(new Set(chat.names().slice(1)), new Set(["connected"]));
});

test("while it waits with a dead provider behind it, it is limited", async () => {
  const chat = module(realtime({ client: "c3" })); // moves late
  await until(() => chat.connection);
  tell({ target: "native", move: "mm", ramp: ramp(2, 1), previous: "firebase", cause: "firebase_down", still_works: "You can watch." });
  providers.firebase.is = "silent";
  await until(() => chat.state.state === "limited");
  assert.equal(chat.state.text, "Limited: You can watch.");
  assert.ok(chat.state.until > new Date());
  assert.equal(providers.native.tries, 0);
  await until(() => chat.connection?.target === "native");
  assert.deepEqual(new Set(chat.names().slice(2)), new Set(["limited", "connected"]));
});

test("a connection that cannot be asked is believed to be as dead as the page says", async () => {
  const one = realtime({ client: "c3" }), chat = module(one);
  (await until(() => chat.connection)).ping = undefined;
  tell({ target: "native", ramp: ramp(600), previous: "firebase", cause: "firebase_down" });
  await until(() => chat.state.state === "limited");
  tell({ target: "native", ramp: ramp(600), previous: "firebase", cause: "operator" });
  await until(() => chat.state.state === "connected");
});

test("whom a rule sent to a provider leaves it when it fails, connected or not", async () => {
  const rules = (target) => [{ attribute: "event_users", over: 5000, under: 4000, held: true, target }];
  tell({ target: "firebase", rules: rules("native") });
  const one = realtime({ context: { event_users: 6000 } }), chat = module(one);
  (await until(() => chat.connection?.target === "native" && chat.connection)).ping = undefined;
  tell({ target: "firebase", rules: rules("firebase"), cause: "native_down" });
  await until(() => chat.connection?.target === "firebase");
});

test("a newer epoch of the same move does not begin the wait anew", async () => {
  const chat = module(realtime());
  await until(() => chat.connection);
  const long = ramp(1);
  for (let n = 0; n < 8; n++) { tell({ target: "native", move: "mm", ramp: long }); await wait(50); }
  await until(() => chat.connection?.target === "native");
});

test("who comes after the ramp, by the server's time, connects at once", async () => {
  page.skew = 3600e3;
  tell({ target: "native", ramp: ramp(3000, 0, 0) });
  const chat = module(realtime());
  await until(() => chat.connection?.target === "native", "connected at once", 1500);
});

test("a new connection that fails leaves the old one standing", async () => {
  const chat = module(realtime());
  const old = await until(() => chat.connection);
  providers.native.is = "down";
  tell({ target: "native" });
  await until(() => providers.native.tries >= 3);
  assert.equal(chat.connection, old);
  assert.ok(old.open);
  providers.native.is = "up";
  await until(() => chat.connection?.target === "native");
  assert.deepEqual(new Set(chat.names().slice(1)), new Set(["connected"]));
});

test("whoever loses the old one while the new one does not come is limited, not connected", async () => {
  const chat = module(realtime());
  const old = await until(() => chat.connection);
  providers.native.is = "silent";
  tell({ target: "native" });
  await until(() => providers.native.tries >= 3);
  const { tries } = providers.native;
  await until(() => providers.native.tries > tries); // A try has just begun.
  old.close();
  await until(() => !chat.connection);
  assert.equal(chat.state.state, "limited");
});

test("a move for newcomers leaves standing connections alone", async () => {
  const one = realtime(), chat = module(one), old = await until(() => chat.connection);
  tell({ target: "native", scope: "new" });
  const late = module(realtime());
  await until(() => late.connection?.target === "native" && one.wanted(CHAT).target === "native");
  assert.equal(chat.connection, old);
  old.close();
  await until(() => chat.connection?.target === "native");
});

test("a rule is for newcomers too", async () => {
  const one = realtime(), chat = module(one), old = await until(() => chat.connection);
  tell({ rules: [{ attribute: "event_users", over: 5000, under: 4000, held: false, target: "native" }] });
  one.context = { event_users: 6200 };
  const other = module(one);
  const asked = page.asked;
  await until(() => page.asked > asked + 2);
  assert.equal(chat.connection, old);
  old.close();
  await until(() => chat.connection?.target === "native");
  other.close();
});

// --- Limited mode ---

test("limited closes everything, says what still works, looks less often, and ends", async () => {
  const chat = module(realtime());
  const old = await until(() => chat.connection);
  tell({ target: "limited", publish_to: [], still_works: "You can watch as always." });
  await until(() => chat.state.state === "limited");
  assert.deepEqual([chat.state.text, chat.state.target, chat.state.publishTo, old.open], ["Limited: You can watch as always.", "limited", [], false]);
  const tries = providers.firebase.tries + providers.native.tries;
  await wait(100);
  assert.equal(providers.firebase.tries + providers.native.tries, tries);
  tell({ target: "native", publish_to: ["native"] });
  await until(() => chat.connection?.target === "native");
});

test("limited mode with an end leads on from there", async () => {
  page.skew = 3600e3; // Its clock and ours differ by an hour, and nobody notices.
  tell({ target: "limited", expires_at: new Date(Date.now() + page.skew + 2000).toISOString(), expires_to: "native" });
  const chat = module(realtime());
  await until(() => chat.state?.state === "limited");
  assert.ok(chat.state.until > new Date() && chat.state.until < new Date(Date.now() + 5000));
  await until(() => chat.connection?.target === "native");
});

// --- What is older, torn, or gone ---

test("older epochs are ignored, of the document and of each route", async () => {
  tell({ target: "native" }, CHAT, 10);
  const chat = module(realtime());
  await until(() => chat.connection?.target === "native");
  tell({ target: "firebase" }, CHAT, 9);
  page.document.config_epoch = ["1g1", 9];
  await wait(150);
  page.document.config_epoch = ["1g1", 11];
  await wait(150);
  page.document.config_epoch = ["1g0", 99];
  await wait(150);
  assert.equal(chat.connection.target, "native");
  tell({ target: "firebase" }, CHAT, 1, "1g2");
  await until(() => chat.connection?.target === "firebase");
});

for (const [index, nonsense] of [null, 7, [], {}, { version: 2 }, { version: 1, config_epoch: ["1g1", 99], routes: { [CHAT]: {} } }].entries()) {
  test(`a document that is none of ours changes nothing (${index})`, async () => {
    tell({ target: "native" });
    const chat = module(realtime());
    await until(() => chat.connection);
    page.document = nonsense;
    const asked = page.asked;
    await until(() => page.asked > asked + 2);
    assert.equal(chat.connection.target, "native");
  });
}

for (const [name, text] of Object.entries(vectors.unusable)) {
  test(`a document with ${name} keeps no good one away, kept or read`, async () => {
    page.text = text;
    const storage = kept();
    storage.items.set(`statuspage.directives@${url}`, `{"document":${text},"at":${Date.now()},"skew":0,"since":{}}`);
    const chat = module(realtime({ pollMs: 5, storage }));
    const { asked } = page;
    await until(() => chat.connection && page.asked > asked + 1, "it was read again");
    assert.equal(chat.connection.target, "firebase");
    tell({ target: "native" });
    page.text = null;
    await until(() => chat.connection?.target === "native");
    page.text = text;
    const again = page.asked;
    await until(() => page.asked > again + 1, "it was read again");
    tell({ target: "firebase" });
    page.text = null;
    await until(() => chat.connection?.target === "firebase");
  });
}

for (const generation of vectors.ahead) test(`what was made in the future keeps nothing away (${generation})`, async () => {
  tell({ target: "native" }, CHAT, 5, generation);
  const storage = kept(), chat = module(realtime({ storage }));
  await until(() => chat.connection?.target === "native");
  tell({ target: "firebase" }, CHAT, 2);
  const again = module(realtime({ storage }));
  await until(() => chat.connection?.target === "firebase" && again.connection?.target === "firebase");
});

for (const age of ["9".repeat(400), "-9", "soon"]) test(`an age of ${age.slice(0, 4)} changes no time`, async () => {
  page.headers = { age };
  tell({ target: "native", ramp: ramp(600) });
  const one = realtime();
  await one.ready;
  const { wait: ms } = one.wanted(CHAT);
  assert.ok(ms > 0 && ms <= 600e3, ms);
});

for (const limited_poll_ms of [0, 1e12]) test(`a page that wants to be read every ${limited_poll_ms} ms is not stormed`, async () => {
  tell({ target: "limited", publish_to: [], connect: { ...CONNECT, limited_poll_ms } });
  const chat = module(realtime());
  await until(() => chat.state?.state === "limited");
  await wait(400);
  assert.ok(page.asked < 20, page.asked);
});

for (const timeout_ms of [0, 1e12]) test(`a try that may take ${timeout_ms} ms has time to succeed`, async () => {
  providers.firebase.connect = (target) => wait(20).then(() => ({ target }));
  tell({ connect: { ...CONNECT, timeout_ms } });
  const chat = module(realtime());
  await until(() => chat.connection);
  assert.deepEqual(chat.names(), ["connecting", "connected"]);
});

test("an application whose context fails keeps nobody from reading on", async () => {
  const context = { event_users: 1 }, chat = module(realtime({ context }));
  await until(() => chat.connection);
  Object.defineProperty(context, "event_users", { enumerable: true, get() { throw new Error("made so"); } });
  const { asked } = page;
  await until(() => page.asked > asked + 2);
});

test("the last known stays when the page goes", async () => {
  tell({ target: "native" });
  const chat = module(realtime());
  await until(() => chat.connection);
  page.fault = "broken";
  const asked = page.asked;
  await until(() => page.asked > asked + 2);
  const old = chat.connection;
  old.close();
  await until(() => chat.connection && chat.connection !== old);
  assert.equal(chat.connection.target, "native");
});

// --- Over a reload ---

/** A browser's storage, with a document kept `age` milliseconds ago where something is given. */
function kept(changes, age = 0) {
  const items = new Map();
  if (changes) {
    const document = structuredClone(page.document);
    Object.assign(document.routes[CHAT], changes);
    items.set(`statuspage.directives@${url}`, JSON.stringify({ document, at: Date.now() - age, skew: 0, since: {} }));
  }
  return { items, getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) };
}

test("a reload goes on with the same client, directive and wait", async () => {
  const storage = kept(), first = realtime({ storage, client: undefined });
  tell({ target: "native", move: "mm", ramp: ramp(3, 1) });
  module(first);
  await until(() => storage.items.size === 2);
  first.close();
  await wait(300);
  page.fault = "broken";
  const second = realtime({ storage, client: undefined });
  assert.equal(second.client, first.client);
  assert.ok(Math.abs(second.wanted(CHAT).wait - (moment(first.client, "mm") * 3000 + 1000 - 300)) < 300);
  const chat = module(second);
  await until(() => chat.connection?.target === "native");
});

test("what was kept last week is not believed, but its epochs are", async () => {
  page.fault = "broken";
  page.document.config_epoch = ["1g1", 7];
  const storage = kept({ target: "native", epoch: ["1g1", 7] }, 7 * 86400e3);
  const chat = module(realtime({ storage }));
  await until(() => chat.connection?.target === "firebase");
  page.document.config_epoch = ["1g1", 6];
  page.document.routes[CHAT].target = "native";
  page.fault = null;
  const asked = page.asked;
  await until(() => page.asked > asked + 2);
  assert.equal(chat.connection.target, "firebase");
});

for (const torn of ["", "{", "null", "[]", '{"document":{}}']) test(`kept ${torn || "nothing"} is nothing`, async () => {
  const storage = kept();
  storage.items.set(`statuspage.directives@${url}`, torn);
  const chat = module(realtime({ storage }));
  await until(() => chat.connection);
});

test("a storage that is not allowed is no trouble", async () => {
  const no = () => { throw new Error("not allowed"); };
  const chat = module(realtime({ storage: { getItem: no, setItem: no }, client: undefined }));
  await until(() => chat.connection);
});

// --- Beacons, and the rest ---

test("beacons are small, without a cookie, and say how connecting went", async () => {
  tell({ target: "native" });
  const one = realtime({ sample: 1 }); // and the status page wants each
  module(one);
  await until(() => page.beacons.length >= 1);
  const [body, headers] = page.beacons[0], { ms, ...said } = JSON.parse(body);
  assert.deepEqual(said, { p: "native", r: CHAT, e: 2, o: "ok" });
  assert.ok(Number.isInteger(ms) && body.length <= 200 && !headers.cookie);
  providers.native.is = "down";
  module(one);
  await until(() => page.beacons.some(([each]) => JSON.parse(each).o === "refused"));
  providers.native.is = "silent";
  await until(() => page.beacons.some(([each]) => JSON.parse(each).o === "timeout"));
  assert.ok(page.beacons.some(([each]) => JSON.parse(each).o === "limited"));
});

test("of beacons only a sample is sent, as large as the status page wants it", async () => {
  for (const [sample, share] of [[0, 1], [1, 0], [1, null]]) {
    for (const each of Object.values(page.document.routes)) each.connect = { ...CONNECT, beacon_share: share };
    const chat = module(realtime({ sample }));
    await until(() => chat.connection);
    await wait(50);
    assert.equal(page.beacons.length, 0);
  }
});

test("a module that is closed does nothing any more", async () => {
  const chat = module(realtime());
  const old = await until(() => chat.connection);
  chat.close();
  const { length } = chat.states, { tries } = providers.firebase;
  tell({ target: "native" });
  await wait(150);
  assert.deepEqual([chat.states.length, providers.firebase.tries, providers.native.tries, old.open], [length, tries, 0, false]);
});
