// Realtime connections that go where the status page says: with a time limit, a backoff, a moment of their own, and a
// limited mode. Nobody looks at "Connecting" for longer than the time limit, whatever happens. See docs/clients.md.
//
//   const realtime = new Realtime({ url: "…the status page", defaults: { "realtime.chat": "firebase" } });
//   realtime.module("realtime.chat", { connect: (target, signal) => …a promise of a connection…, onstate: show });
//
// A connection is any object; what it has of these is used: close(); closed, a promise that ends when it ends;
// ping(), which gives a promise of a sign of life.

const LIMITED = "limited", MATCHED = "TARGETING_MATCH", SPLIT = "SPLIT", STATIC = "STATIC";
// The policy where nothing is known. Times end in _ms or _MS (milliseconds), but for the seconds of a document.
const POLICY = { timeout_ms: 8000, max_attempts: 5, backoff_base_ms: 1000, backoff_cap_ms: 60000, limited_poll_ms: 30000, beacon_share: 0.1 };
const KEPT_MS = 3600e3; // What was true last week may lead to a provider that is down.
const STEADY_MS = 10e3; // A connection that ends sooner than this counts as a failed try.
const MOST_BEACON = 200, LONGEST_TIMER = 2 ** 31 - 1;
const SHORTEST_POLL_MS = 1000, SHORTEST_TRY_MS = 100; // Whatever a directive says: less would be a storm.
const MOST_SECONDS = 1e7, MOST_AGE = 2 ** 31; // Of a ramp: nobody moves for four months. Of a cache (RFC 9111 §1.2.2).
const AHEAD_MS = 86400e3; // So much may the clock of the server, or ours, be wrong.
const now = () => performance.now(); // Never steps.

// --- What a directive means: the same as core/directive.py and core/pacing.py of the server. ---

/** SHA-256 of a text, as bytes. WebCrypto's is asynchronous and not there on plain http; these texts are short. */
export function sha256(text) {
  const data = new TextEncoder().encode(text), blocks = (data.length + 72) >> 6, view = new DataView(new ArrayBuffer(blocks * 64));
  data.forEach((byte, at) => view.setUint8(at, byte));
  view.setUint8(data.length, 128);
  view.setUint32(blocks * 64 - 4, data.length * 8);
  const { start, k } = CONSTANTS, hash = Uint32Array.from(start), w = new Uint32Array(64), turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 64; i++) {
      if (i < 16) { w[i] = view.getUint32(block * 64 + i * 4); continue; }
      const a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = hash;
    for (let i = 0; i < 64; i++) {
      const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i];
      const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    [a, b, c, d, e, f, g, h].forEach((value, at) => { hash[at] += value; });
  }
  const result = new DataView(new ArrayBuffer(32));
  hash.forEach((value, at) => result.setUint32(at * 4, value));
  return new Uint8Array(result.buffer);
}

/** The first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4 §4.2.2, §5.3.3). */
const CONSTANTS = (() => {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const part = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
  return { start: primes.slice(0, 8).map((prime) => part(Math.sqrt(prime))), k: primes.map((prime) => part(Math.cbrt(prime))) };
})();

/** Where in a ramp a client moves, in [0, 1): the same for all of its modules that move together. */
export function moment(client, move) {
  const view = new DataView(sha256(`${client}|${move}`).buffer);
  // 53 bits: what a number holds exactly.
  return (view.getUint32(0) * 2 ** 21 + ((view.getUint32(3) & 0xffffff) >>> 3)) / 2 ** 53;
}

/** Which of 10,000 parts a client belongs to while a route returns in steps. */
export function bucket(route, client) {
  return new DataView(sha256(`${route}|${client}`).buffer).getUint32(0) % 10000;
}

/** { value, reason, rule } for a client with this context, whose targetingKey says who it is; rule: the one that applies. */
export function evaluate(route, directive, context) {
  if (directive.target === LIMITED) return { value: LIMITED, reason: STATIC };
  for (const rule of directive.rules) {
    const value = context[rule.attribute];
    if (typeof value !== "number") continue;
    if (value > rule.over || (rule.held && value > rule.under)) return { value: rule.target, reason: MATCHED, rule };
  }
  const { rollout } = directive, client = context.targetingKey;
  if (!rollout) return { value: directive.target, reason: STATIC };
  const moved = typeof client === "string" && client !== "" && bucket(route, client) < rollout.pct * 100;
  return { value: moved ? rollout.to : directive.target, reason: SPLIT };
}

/** The directive as it is for whom a rule applies to: with the rule's own move, ramp and places to publish to. */
export function ownOf(directive, rule) {
  if (!rule || !("move" in rule)) return directive;
  return { ...directive, rollout: null, move: rule.move, ramp: rule.ramp, publish_to: rule.publish_to };
}

/** The directive at that time (UNIX milliseconds): limited mode with an end leads on from there, over one poll's time. */
export function inForce(directive, at) {
  const { expires_at: ends, expires_to: to } = directive;
  if (directive.target !== LIMITED || !ends || !to || at < Date.parse(ends)) return directive;
  const rules = directive.rules.filter((rule) => rule.target !== LIMITED);
  const ramp = { start: ends, wait_s: 0, seconds: Math.min(directive.connect.limited_poll_ms, LONGEST_TIMER) / 1000 };
  return { ...directive, target: to, rules, rollout: null, publish_to: [to], ramp };
}

/** Below 0 where an epoch [generation, number] is older than another, by its parts. */
export function compare([generation, number], [other, than]) {
  return generation === other ? number - than : generation < other ? -1 : 1;
}

/**
 * Throws for a document that no client can go by. It is looked at whole before anything of it is taken: what is taken is
 * kept, and its epochs keep older ones out, over a reload too.
 */
function check({ version, config_epoch, routes }) {
  need(version === 1 && isEpoch(config_epoch) && isObject(routes), "document");
  for (const [route, { epoch, target, move, publish_to, ramp, rollout, rules, connect, expires_at, expires_to }] of Object.entries(routes)) {
    need(isEpoch(epoch) && isText(target) && target !== "" && isText(move) && isRamp(ramp), route);
    need(Array.isArray(publish_to) && publish_to.every(isText), route);
    need(rollout === null || (isText(rollout.to) && Number.isInteger(rollout.pct) && isAmong(rollout.pct, 100) && isRamp(rollout.ramp ?? null)), route);
    need(Array.isArray(rules) && rules.every((rule) => !("move" in rule) || (isText(rule.move) && isRamp(rule.ramp) && Array.isArray(rule.publish_to) && rule.publish_to.every(isText))), route);
    need(rules.every((rule) => isText(rule.attribute) && isText(rule.target) && typeof rule.held === "boolean" && Number.isFinite(rule.over) && Number.isFinite(rule.under)), route);
    const policy = Object.keys(POLICY).filter((name) => name !== "beacon_share");
    need(policy.every((name) => isAmong(connect[name], Number.MAX_SAFE_INTEGER)) && isAmong(connect.beacon_share ?? 0, 1), route);
    need((expires_at === null || isTime(expires_at)) && (expires_to === null || isText(expires_to)), route);
  }
}

const need = (good, part) => { if (!good) throw new Error(`${part} is none that a client can go by`); };
const isText = (value) => typeof value === "string";
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isAmong = (value, most) => Number.isFinite(value) && value >= 0 && value <= most;
const isTime = (value) => isText(value) && !Number.isNaN(Date.parse(value));
const isEpoch = (value) => Array.isArray(value) && value.length === 2 && isText(value[0]) && Number.isSafeInteger(value[1]) && value[1] >= 0;
const isRamp = (value) => value === null || (isTime(value.start) && isAmong(value.wait_s, MOST_SECONDS) && isAmong(value.seconds, MOST_SECONDS));

/**
 * Whether an epoch is older than another, so that it is not to be followed. Nothing is older than what was made in the
 * future: that came by mistake, and would hold for years. A generation begins with seven letters for when it was made.
 */
function isOlder(one, than, wall) {
  const letters = "0123456789bcdfghjklmnpqrstvwxyz";
  let left = Math.max(0, Math.floor((wall + AHEAD_MS) / 1000)), newest = "";
  for (let n = 0; n < 7; n++) { newest = letters[left % letters.length] + newest; left = Math.floor(left / letters.length); }
  return than[0] <= newest && compare(one, than) < 0;
}

/** The policy of a directive, with times that timers can take and no page is stormed with. */
function policyOf(connect) {
  const between = (value, least) => Math.min(Math.max(value, least), LONGEST_TIMER);
  const timeout_ms = between(connect.timeout_ms, SHORTEST_TRY_MS), limited_poll_ms = between(connect.limited_poll_ms, SHORTEST_POLL_MS);
  return { ...POLICY, ...connect, timeout_ms, limited_poll_ms };
}

// --- What this client knows ---

/** Whether a provider is one to leave: the directive names it as failed, or leads nobody to whom a rule applies there. */
function hasFailed(directive, provider, reason) {
  if ([`${provider}_down`, `${provider}_slow`].includes(directive.cause)) return true;
  return reason === MATCHED && ![directive.target, ...directive.rules.map((rule) => rule.target)].includes(provider);
}

/** One page's reader of one status page, and its modules: they share a client, so that they move together. */
export class Realtime {
  #url; #defaults; #names; #context; #pollMs; #limitedPollMs; #readMs; #sample; #pingMs; #storage;
  #known = null; // { document, offset, since }; offset: the server's time minus now()
  #floor = null; // The same, or what was kept too long to be believed: its epochs hold.
  #modules = new Set();
  #reading = null;
  #timer;
  #closed = false;

  /**
   * `names` are the providers' names for people. `client` is who this is; it is made up and kept where none is given.
   * A directive is read every `pollMs` ± 50 %, in limited mode every `limitedPollMs` (else the directive's own), for
   * `readMs` at most. What stands is asked for a sign of life every `pingMs`. Of beacons so large a
   * part is sent as the directive says (`beacon_share`), and never more than `sample`: 0 sends none.
   */
  constructor({ url, defaults = {}, names = {}, context = {}, client, pollMs = 10000, limitedPollMs, readMs = 2000,
                pingMs = 15000, sample = 1, storage } = {}) {
    Object.assign(this, { client });
    this.#url = String(url).replace(/\/+$/, "");
    this.#defaults = defaults; this.#names = names; this.#context = context;
    this.#pollMs = pollMs; this.#limitedPollMs = limitedPollMs; this.#readMs = readMs;
    this.#pingMs = pingMs; this.#sample = sample;
    try { this.#storage = storage === undefined ? globalThis.localStorage : storage; } catch { /* not allowed here */ }
    this.#recall();
    globalThis.document?.addEventListener?.("visibilitychange", this.#seen);
    this.ready = this.read().finally(() => this.#plan());
  }

  /** A module of the application. `connect(target, signal)` gives a promise of a connection, `onstate(state)` is told. */
  module(route, { connect, onstate = () => {} }) {
    const found = new Module(this, route, connect, onstate, this.#pingMs, () => this.#modules.delete(found));
    this.#modules.add(found);
    this.ready.then(() => found.steer());
    return found;
  }

  /** What rules look at, such as { event_users: 6200 }. */
  get context() { return this.#context; }
  set context(context) { this.#context = context; this.#steer(); }

  /** Close everything and read no more. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    globalThis.document?.removeEventListener?.("visibilitychange", this.#seen);
    for (const each of [...this.#modules]) each.close();
  }

  /** Read the directives now; true where that brought something that is not older. */
  read() {
    return (this.#reading ??= this.#read().finally(() => { this.#reading = null; }));
  }

  /** Where a module is to be: { target, wait (ms), stays, policy, publishTo, ends, text, epoch, isDown(provider) }. */
  wanted(route) {
    const found = this.#known?.document.routes[route];
    const directive = found && inForce(found, this.#known.offset + now());
    if (!directive) {
      const target = this.#defaults[route] ?? LIMITED;
      const publishTo = target === LIMITED ? [] : [target];
      return { target, wait: 0, stays: true, policy: POLICY, publishTo, ends: null, epoch: 0, isDown: () => false };
    }
    const { value, reason, rule } = evaluate(route, directive, { targetingKey: this.client, ...this.#context });
    const own = ownOf(directive, rule);
    return {
      target: value,
      wait: value === LIMITED ? 0 : this.#wait(route, own),
      stays: directive.scope === "new" || reason === MATCHED, // Who is connected stays; only newcomers follow.
      policy: policyOf(directive.connect),
      publishTo: own.publish_to,
      ends: directive.target === LIMITED && directive.expires_at ? this.#byOurs(directive.expires_at) : null,
      text: directive.still_works,
      epoch: directive.epoch[1],
      isDown: (provider) => hasFailed(directive, provider, reason),
    };
  }

  /** What a state is called for people. */
  words(state, target, stillWorks) {
    if (state === "connecting") return "Connecting…";
    if (state === "connected") return `Connected through ${this.#names[target] ?? target}`;
    return `Limited: ${stillWorks || "What others write appears when you reload."}`;
  }

  /** Tell the status page how connecting went: no cookie, no name, some connections only, and nobody waits. */
  report(route, target, epoch, outcome, ms) {
    const body = JSON.stringify({ p: target, r: route, e: epoch, o: outcome, ms: Math.round(ms) });
    const share = Math.min(this.#sample, this.wanted(route).policy.beacon_share);
    if (body.length > MOST_BEACON || !(Math.random() < share)) return;
    const to = `${this.#url}/beacon`;
    try {
      if (!("keepalive" in Request.prototype)) return void navigator.sendBeacon(to, body);
      fetch(to, { method: "POST", body, keepalive: true, mode: "no-cors", credentials: "omit" }).catch(() => {});
    } catch { /* a beacon is never worth a trouble */ }
  }

  async #read() {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), this.#readMs);
    try {
      const answer = await fetch(`${this.#url}/directives.json`, { cache: "no-cache", credentials: "omit", signal: stop.signal });
      if (!answer.ok) return false;
      const document = await answer.json(), said = Date.parse(answer.headers.get("Date")), age = Number(answer.headers.get("Age"));
      this.#learn(document, said ? said + 1000 * (isAmong(age, MOST_AGE) ? age : 0) : Date.now());
      this.#remember();
      this.#steer();
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Take a document. Throws for an older one and for what is none; an older directive in it stays as it is known. */
  #learn(document, serverTime) {
    check(document);
    const before = this.#known ?? this.#floor, at = now(), wall = Date.now(), routes = {}, since = {};
    if (before && isOlder(document.config_epoch, before.document.config_epoch, wall)) throw new Error("older");
    for (const [route, read] of Object.entries(document.routes)) {
      const known = before?.document.routes[route];
      routes[route] = known && isOlder(read.epoch, known.epoch, wall) ? known : read;
      since[route] = heard(routes[route], before?.since[route], at, serverTime);
    }
    this.#known = this.#floor = { document: { ...document, routes }, offset: serverTime - at, since };
  }

  #wait(route, directive) {
    const { move, expires_at: ends } = directive, ramp = rampOf(directive);
    if (!ramp) return 0;
    const own = moment(this.client, move) * ramp.seconds * 1000, since = this.#known.since[route][moveOf(directive)] ?? null;
    if (ends) return Math.max(0, Date.parse(ramp.start) + own - this.#known.offset - now());
    return since === null ? 0 : Math.max(0, since + ramp.wait_s * 1000 + own - now());
  }

  /** A time of the server by this machine's own clock, which may be wrong, and which people read. */
  #byOurs(text) { return Date.parse(text) - this.#known.offset - now() + Date.now(); }

  #steer() { for (const each of this.#modules) each.steer(); }

  /** The next reading, at a moment that no other client has. */
  #plan() {
    if (this.#closed) return;
    let pollMs = this.#pollMs;
    try {
      const wanted = [...this.#modules].map((each) => this.wanted(each.route));
      const limited = wanted.length > 0 && wanted.every((each) => each.target === LIMITED);
      if (limited) pollMs = this.#limitedPollMs ?? wanted[0].policy.limited_poll_ms;
    } catch { /* an application's context may throw, and is read on for all the same */ }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.read().finally(() => this.#plan()), Math.min(pollMs * (0.5 + Math.random()), LONGEST_TIMER));
  }

  #seen = () => { if (globalThis.document.visibilityState === "visible") this.read(); };

  #remember() {
    const { document, offset, since } = this.#known, wall = Date.now() - now();
    this.#store("directives", JSON.stringify({ document, at: Date.now(), skew: offset - wall, since: shifted(since, wall) }));
  }

  #recall() {
    try {
      this.client ??= this.#storage?.getItem(this.#key("client"));
      const kept = JSON.parse(this.#storage?.getItem(this.#key("directives")) ?? "null"), wall = Date.now() - now();
      if (kept) {
        this.#floor = { document: { config_epoch: ["", 0], routes: {} }, since: shifted(kept.since, -wall) };
        this.#learn(kept.document, Date.now() + kept.skew);
        const age = Date.now() - kept.at;
        if (!(age >= 0 && age < KEPT_MS)) this.#known = null;
      }
    } catch { this.#known = this.#floor = null; }
    if (!this.client) {
      this.client = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
      this.#store("client", this.client);
    }
  }

  #key(what) { return `statuspage.${what}@${this.#url}`; }
  #store(what, text) { try { this.#storage?.setItem(this.#key(what), text); } catch { /* full, or not allowed */ } }
}

/** The ramp that clients take now: that of the present step while a route returns in steps, else that of the move. */
const rampOf = ({ ramp, rollout }) => (rollout ? rollout.ramp ?? null : ramp);

/** The name of the move that a directive is about; each step of a return has its own. */
const moveOf = ({ move, rollout }) => (rollout ? `${move}|${rollout.to}|${rollout.pct}` : String(move));

/** Since when a client waits for each move, the route's and its rules': since it first heard of it; null: it need not. */
function heard(directive, before, at, serverTime) {
  const found = {};
  for (const each of [directive, ...directive.rules.map((rule) => ownOf(directive, rule))]) {
    const key = moveOf(each), ramp = rampOf(each);
    if (!ramp) continue;
    const over = serverTime >= Date.parse(ramp.start) + 1000 * (ramp.wait_s + ramp.seconds);
    found[key] = before && key in before ? before[key] : over ? null : at;
  }
  return found;
}

/** The same times by another clock. */
function shifted(since, by) {
  const all = (times) => Object.fromEntries(Object.entries(times).map(([key, at]) => [key, at === null ? null : at + by]));
  return Object.fromEntries(Object.entries(since).map(([route, times]) => [route, all(times)]));
}

// --- What a module does ---

/** One module's connection. `state` is what onstate was told last, `connection` what stands, or null. */
class Module {
  #realtime; #connect; #onstate; #pingMs; #left;
  #standing = null; // { target, connection, since, timer, asked }
  #trying = null; // The AbortController of a try under way.
  #aim = null; // What is tried, or would be.
  #failures = 0;
  #notBefore = 0;
  #timer; #limit;
  #began = now();
  #closed = false;

  constructor(realtime, route, connect, onstate, pingMs, left) {
    Object.assign(this, { route, state: null });
    this.#realtime = realtime; this.#connect = connect; this.#onstate = onstate; this.#pingMs = pingMs; this.#left = left;
    queueMicrotask(() => this.#show("connecting"));
  }

  get connection() { return this.#standing?.connection ?? null; }

  /** Close the connection and try no more. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer); clearTimeout(this.#limit);
    this.#callOff();
    this.#drop();
    this.#left();
  }

  /** Compare where the module is with where it is to be, and do the next thing about it. */
  steer() {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const want = this.#realtime.wanted(this.route), standing = this.#standing;
    if (want.target !== this.#aim) {
      this.#callOff();
      this.#aim = want.target; this.#failures = 0; this.#notBefore = 0;
    }
    if (this.state?.state === "connecting") this.#bound(want.policy);
    if (want.target === LIMITED) {
      this.#drop();
      return this.#show("limited", want.ends);
    }
    if (standing && (standing.target === want.target || (want.stays && !want.isDown(standing.target)))) {
      this.#callOff();
      if (standing.target !== want.target) this.#ask(standing);
      return this.#show("connected");
    }
    if (!standing && this.state?.state === "connected") this.#show("limited");
    if (this.#trying) return;
    const wait = Math.max(want.wait, this.#notBefore - now());
    if (wait <= 0) return void this.#try(want);
    this.#timer = setTimeout(() => this.steer(), Math.min(wait, LONGEST_TIMER));
    this.#pause(want, wait);
  }

  /** What is shown and done while the moment has not come. A provider that is left may be dead: that is limited mode. */
  #pause(want, wait) {
    const standing = this.#standing;
    if (standing) this.#ask(standing);
    if (standing && (standing.connection?.ping || !want.isDown(standing.target))) this.#show("connected");
    else if (want.wait > 0 || this.state?.state !== "connecting") this.#show("limited", Date.now() + wait);
  }

  async #try(want) {
    const stop = (this.#trying = new AbortController()), began = now();
    let timer, late = false, connection;
    try {
      connection = await new Promise((resolve, reject) => {
        timer = setTimeout(() => { late = true; stop.abort(); }, want.policy.timeout_ms);
        stop.signal.addEventListener("abort", () => reject(stop.signal.reason));
        const take = (found) => { if (stop.signal.aborted) end(found); else resolve(found); };
        Promise.resolve().then(() => this.#connect(want.target, stop.signal)).then(take, reject);
      });
    } catch {
      if (this.#trying === stop) this.#failed(want, late ? "timeout" : "refused", now() - began);
      return;
    } finally {
      clearTimeout(timer);
    }
    if (this.#trying !== stop) return end(connection);
    this.#trying = null;
    this.#realtime.report(this.route, want.target, want.epoch, "ok", now() - began);
    this.#stand(want.target, connection);
  }

  #failed(want, outcome, ms) {
    this.#trying = null;
    this.#failures += 1;
    this.#backOff(want.policy);
    this.#realtime.report(this.route, want.target, want.epoch, outcome, ms);
    if (!this.#standing) this.#show("limited", Date.now() + this.#notBefore - now());
    if (this.#failures % want.policy.max_attempts === 0) this.#realtime.read();
    this.steer();
  }

  /** The next try comes after any part of a time that doubles with each failure: a herd spreads over it. */
  #backOff({ backoff_base_ms: base, backoff_cap_ms: cap }) {
    this.#notBefore = now() + Math.random() * Math.min(cap, base * 2 ** Math.max(0, this.#failures - 1));
  }

  /** The new connection stands before the old one is closed. */
  #stand(target, connection) {
    const standing = { target, connection, since: now(), timer: null, asked: false };
    this.#drop();
    this.#standing = standing;
    if (connection?.ping) standing.timer = setInterval(() => this.#ask(standing), this.#pingMs);
    const lost = () => this.#lost(standing);
    connection?.closed?.then(lost, lost);
    this.steer();
  }

  /** Ask for a sign of life; without one in time the connection is lost, however open it looks. */
  async #ask(standing) {
    if (standing.asked || !standing.connection?.ping) return;
    standing.asked = true;
    const { timeout_ms } = this.#realtime.wanted(this.route).policy;
    let timer;
    try {
      await Promise.race([standing.connection.ping(), new Promise((_, reject) => { timer = setTimeout(reject, timeout_ms); })]);
    } catch {
      this.#lost(standing);
    } finally {
      clearTimeout(timer);
      standing.asked = false;
    }
  }

  #lost(standing) {
    if (this.#standing !== standing) return;
    this.#drop();
    const want = this.#realtime.wanted(this.route);
    this.#failures = now() - standing.since > STEADY_MS ? 0 : this.#failures + 1;
    if (want.wait <= 0) this.#backOff(want.policy);
    // What goes again and again is not shown as "Connecting" each time.
    if (want.wait <= 0 && want.target !== LIMITED && this.#failures <= 1) this.#show("connecting");
    this.steer();
  }

  #callOff() {
    const stop = this.#trying;
    this.#trying = null;
    stop?.abort();
  }

  #drop() {
    const standing = this.#standing;
    this.#standing = null;
    if (!standing) return;
    clearInterval(standing.timer);
    end(standing.connection);
  }

  /** "Connecting" ends when its time is over, whatever is under way. */
  #bound({ timeout_ms }) {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => this.#show("limited"), Math.max(0, this.#began + timeout_ms - now()));
  }

  /** Announce a state, once. */
  #show(state, until = null) {
    if (this.#closed) return;
    const want = this.#realtime.wanted(this.route), before = this.state;
    const target = state === "connected" ? this.#standing.target : state === "limited" ? LIMITED : want.target;
    const publishTo = want.publishTo, text = this.#realtime.words(state, target, want.text);
    const next = { state, target, until: until && new Date(Math.ceil(until / 1000) * 1000), text, publishTo };
    if (JSON.stringify(before) === JSON.stringify(next)) return;
    if (before?.state !== state) {
      const waited = before?.state === "connecting" ? now() - this.#began : 0;
      this.#began = now();
      if (state === "connecting") this.#bound(want.policy); else clearTimeout(this.#limit);
      if (state === "limited") this.#realtime.report(this.route, want.target, want.epoch, "limited", waited);
    }
    this.state = next;
    try { this.#onstate(next); } catch (error) { setTimeout(() => { throw error; }); }
  }
}

function end(connection) {
  try { connection?.close?.(); } catch { /* it was closed already */ }
}
