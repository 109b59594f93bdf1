// Every page of the desk is complete without this script: it previews while one types, counts down, and knows keys.
const doc = document, at = (id) => doc.getElementById(id), all = (wanted, of = doc) => [...of.querySelectorAll(wanted)];
doc.documentElement.classList.add("scripted");

// --- what can still be undone ---
const undo = at("undo");
if (undo) {
  const end = performance.now() + undo.dataset.left * 1000, form = undo.querySelector("form"), words = undo.querySelector("p span");
  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (form && left > 0) at("left").textContent = left;
    if (left > 0) return setTimeout(tick, 250);
    form?.remove();
    words.textContent = "The time to undo is over.";
  };
  tick();
}

// --- markup as nodes: the server sends lists, no string is ever parsed here (Trusted Types) ---
const SVG = new Set(["svg", "use"]);
const node = (made) => {
  if (typeof made === "string") return doc.createTextNode(made);
  const [name, attributes, ...inside] = made;
  const found = SVG.has(name) ? doc.createElementNS("http://www.w3.org/2000/svg", name) : doc.createElement(name);
  for (const [key, value] of Object.entries(attributes)) found.setAttribute(key, value);
  found.append(...inside.map(node));
  return found;
};

// --- the post screen ---
const post = at("post");
if (post) {
  const see = at("see"), told = at("told"), press = (act) => post.requestSubmit(post.querySelector(`.send [value=${act}], [value=${act}]`));
  let waiting, asked = 0;
  const show = async () => {
    const mine = ++asked;
    try {
      const answer = await fetch("/staff/preview", {
        method: "POST", body: new URLSearchParams([...new FormData(post), ["act", "preview"]]), headers: { Accept: "application/json" },
      });
      if (!answer.ok || mine !== asked) return;
      const { panes, told: words } = await answer.json();
      const open = see.querySelector("details")?.open;
      see.replaceChildren(...panes.map(node));
      see.querySelector("details")?.toggleAttribute("open", !!open);
      told.textContent = words || "No destination asks for this";
    } catch { /* The button still previews. */ }
  };
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(show, 350); };
  post.addEventListener("input", soon);
  at("incident").addEventListener("change", () => press("switch"));
  const names = new Set(all("#templates option").map((each) => each.value));
  at("template").addEventListener("change", (event) => { if (names.has(event.target.value)) press("template"); });
  if (at("body").value) soon();
}

// --- what was refused is where one goes on ---
at("main").querySelector("[aria-invalid=true]")?.focus();

// --- keys ---
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
doc.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = event.target.closest("form") ?? post, button = form?.querySelector("[value=publish]") ?? form?.querySelector(".send .btn");
  if (!button) return;
  event.preventDefault();
  form.requestSubmit(button);
});

const drafts = all(".draft[data-keys]");
if (drafts.length) {
  let here = Math.max(0, drafts.findIndex((each) => `#${each.id}` === location.hash));
  const mark = (focus) => {
    drafts.forEach((each, number) => each.classList.toggle("on", number === here));
    if (focus) { drafts[here].focus(); drafts[here].scrollIntoView({ block: "nearest" }); }
  };
  const keys = { p: "[data-key=p]", e: "[data-key=e]", x: "[data-key=x]" };
  doc.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") {
      here = Math.min(drafts.length - 1, Math.max(0, here + (key === "j" ? 1 : -1)));
      mark(true);
    } else if (keys[key]) {
      drafts[here].querySelector(keys[key])?.click();
    } else return;
    event.preventDefault();
  });
  doc.addEventListener("focusin", (event) => {
    const inside = drafts.findIndex((each) => each.contains(event.target));
    if (inside >= 0) { here = inside; mark(false); }
  });
  mark(false);
}

// --- drafts that came while the page was open ---
const news = at("news");
if (news) {
  let mark = "";
  const tell = (count) => {
    news.classList.toggle("alert", count > 0);
    news.replaceChildren(...(count ? [node(["p", {}, `${count} new draft${count === 1 ? "" : "s"}: `, ["a", { href: news.dataset.page }, "load"]])] : []));
  };
  const look = async () => {
    try {
      const answer = doc.hidden ? null : await fetch(news.dataset.from, { headers: { Accept: "application/json", "If-None-Match": mark } });
      if (answer?.status === 401) return;
      if (answer?.status === 200) {
        mark = answer.headers.get("ETag");
        tell((await answer.json()).drafts.filter((id) => !at(`d-${id}`)).length);
      }
    } catch { /* The page can be loaded again all the same. */ }
    setTimeout(look, 4000);
  };
  look();
}

// --- how long until something happens by itself ---
for (const clock of all("[data-until]")) {
  const end = performance.now() + clock.dataset.until * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    clock.textContent = left >= 60 ? `${Math.floor(left / 60)} min ${left % 60} s` : `${left} s`;
    if (left) setTimeout(tick, 500);
  };
  tick();
}
