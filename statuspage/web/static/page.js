// The page is complete without this script, which keeps it fresh and can show local times.
const doc = document, root = doc.documentElement, at = (id, of = doc) => of.getElementById(id), beat = at("beat"), main = at("main");
const parts = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
const minutes = new Intl.DateTimeFormat(undefined, parts), seconds = new Intl.DateTimeFormat(undefined, { ...parts, second: "2-digit" });
const kept = (key, value) => { try { return value ? (localStorage[key] = value) : localStorage[key]; } catch { return value; } };
const local = () => kept("times") === "local";
let lost = false;

function times() {
  for (const node of doc.querySelectorAll("time")) {
    const site = (node.dataset.site ??= node.textContent), exact = /:\d\d:/.test(site);
    const here = (exact ? seconds : minutes).format(new Date(node.dateTime));
    node.textContent = local() ? here : site;
    node.title = local() ? site : here;
  }
}

// XMLHttpRequest parses a document without running anything in it, which Trusted Types allow.
function renew() {
  const request = new XMLHttpRequest();
  request.responseType = "document";
  request.open("GET", location.pathname);
  request.setRequestHeader("Cache-Control", "no-cache");
  request.onload = () => {
    const next = request.response, fresh = request.status === 200 && next && at("beat", next);
    if (request.status === 200 && next && !fresh) location.reload();
    if (!fresh) return;
    for (const old of doc.querySelectorAll("details[id]")) at(old.id, next)?.toggleAttribute("open", old.open);
    const focus = doc.activeElement.getAttribute("href");
    doc.querySelector(".mast").dataset.s = next.querySelector(".mast").dataset.s;
    while (beat.previousSibling) beat.previousSibling.remove();
    while (fresh.previousSibling) beat.parentNode.prepend(fresh.previousSibling);
    beat.replaceChildren(...fresh.childNodes);
    main.dataset.view = at("main", next).dataset.view;
    main.replaceChildren(...at("main", next).childNodes);
    doc.title = next.title;
    if (focus && doc.activeElement === doc.body) doc.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus();
    times();
  };
  request.send();
}

async function poll() {
  if (doc.hidden) return;
  try {
    const answer = await fetch("/api/v1/summary.json", { cache: "no-cache", signal: AbortSignal.timeout(8000) });
    const { view, last_check: last } = await answer.json(), node = beat.querySelector("time");
    if (lost || view !== main.dataset.view) renew();
    else if (last && node) { node.dateTime = last.at; node.dataset.site = last.text; times(); }
    lost = false;
  } catch {
    if (!lost) beat.prepend("Connection lost, this is the last known state. ");
    lost = true;
  }
}

function button(label, act) {
  const node = doc.createElement("button"), item = doc.createElement("li");
  node.onclick = () => { act(); node.textContent = label(); };
  node.textContent = label();
  item.append(node);
  at("pages").append(item);
}

const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "")) === "dark";
if (kept("theme")) root.dataset.theme = kept("theme");
button(() => (local() ? "Site’s times" : "Local times"), () => { kept("times", local() ? "site" : "local"); times(); });
button(() => (dark() ? "Light" : "Dark"), () => { root.dataset.theme = kept("theme", dark() ? "light" : "dark"); });
times();
// What is over does not change any more: such a page has nothing to ask for.
if (main.dataset.view) {
  doc.addEventListener("visibilitychange", poll);
  setInterval(() => setTimeout(poll, Math.random() * 3000), 15000);
  poll();
}
