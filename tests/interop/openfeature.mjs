// The official OpenFeature clients for JavaScript against a running server. One scenario a run; prints one JSON document.
import { EventSource } from "eventsource";
globalThis.EventSource = EventSource;
const kept = new Map();
globalThis.localStorage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, String(value)),
  removeItem: (key) => kept.delete(key),
};

const { URL: baseUrl, SCENARIO, ROUTE, OPTIONS, AGE_S, ADVICE } = process.env;
const flag = `${ROUTE}.provider`;
const lines = (await import("node:readline")).createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (document) => process.stdout.write(`${JSON.stringify(document)}\n`);
const heard = async () => (await lines.next()).value;
const until = async (condition, limit = 20000) => {
  const end = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > end) throw new Error("the awaited condition never held");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

async function web(options = {}) {
  const sdk = await import("@openfeature/web-sdk");
  const { OFREPWebProvider } = await import("@openfeature/ofrep-web-provider");
  const provider = new OFREPWebProvider({ baseUrl, timeoutMs: 4000, cacheMode: "network-first", ...options });
  await sdk.OpenFeature.setContext({ targetingKey: "user-1", event_users: 10 });
  await sdk.OpenFeature.setProviderAndWait(provider);
  return { sdk, client: sdk.OpenFeature.getClient(), OpenFeature: sdk.OpenFeature };
}

const details = (client) => {
  const found = client.getStringDetails(flag, "code default");
  const { value, reason, variant, errorCode: code } = found;
  return { value, reason, variant, code: code ?? null, metadata: found.flagMetadata };
};

const scenarios = {
  // A flip reaches the browser's SDK through a notice: the time between the word "go" and the new value is told.
  async flip() {
    const { client, OpenFeature } = await web();
    say({ before: details(client), directive: client.getObjectValue(`${ROUTE}.directive`, {}) });
    await heard();
    const began = Date.now();
    await until(() => details(client).value !== "firebase");
    say({ after: details(client), ms: Date.now() - began });
    await OpenFeature.close();
  },
  // Another context with the same targetingKey: the old ETag must not keep the old value.
  async context() {
    const { client, OpenFeature } = await web();
    const before = details(client);
    await OpenFeature.setContext({ targetingKey: "user-1", event_users: 9000 });
    const large = details(client);
    await OpenFeature.setContext({ targetingKey: "user-1", event_users: 10 });
    say({ before, large, again: details(client) });
    await OpenFeature.close();
  },
  // The server goes away: the values stay.
  async gone() {
    const { client, OpenFeature } = await web();
    say({ before: details(client) });
    await heard();
    await OpenFeature.setContext({ targetingKey: "user-1", event_users: 11 }).catch(() => {});
    say({ after: details(client) });
    await OpenFeature.close();
  },
  // A page is left and opened again, with what the browser kept of it, made older by AGE_S. OPTIONS are those of both.
  async page() {
    const options = JSON.parse(OPTIONS);
    const { OpenFeature, client } = await web(options);
    say({ before: details(client), kept: kept.size });
    await heard();
    await OpenFeature.clearProviders();
    for (const [key, value] of kept) {
      const entry = JSON.parse(value);
      const older = (text) => new Date(Date.parse(text) - Number(AGE_S ?? 0) * 1000).toISOString();
      entry.writtenAt = older(entry.writtenAt);
      for (const { metadata } of Object.values(entry.data)) metadata.heartbeat_at = older(metadata.heartbeat_at);
      kept.set(key, JSON.stringify(entry));
    }
    const failed = await web(options).then(() => false, () => true);
    const advised = ADVICE ? new Function(`${ADVICE}\nreturn provider;`)()(client, flag, "code default") : null;
    say({ failed, after: details(client), advised });
    await heard();
    await until(() => details(client).reason !== "CACHED").catch(() => {});
    say({ later: details(client) });
    await OpenFeature.close();
  },
  async server() {
    const sdk = await import("@openfeature/server-sdk");
    const { OFREPProvider } = await import("@openfeature/ofrep-provider");
    await sdk.OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, timeoutMs: 4000 }));
    const client = sdk.OpenFeature.getClient();
    const ask = async (context, name = flag) => {
      const found = await client.getStringDetails(name, "code default", context);
      return { value: found.value, reason: found.reason, code: found.errorCode ?? null };
    };
    say({
      plain: await ask({ targetingKey: "user-1" }),
      none: await ask({}),
      large: await ask({ targetingKey: "user-1", event_users: 9000 }),
      unknown: await ask({ targetingKey: "user-1" }, "nothing.provider"),
      limited: await client.getBooleanValue("platform.limited_mode", true, {}),
      directive: await client.getObjectValue(`${ROUTE}.directive`, {}, {}),
    });
    await sdk.OpenFeature.close();
  },
};

await scenarios[SCENARIO]();
process.exit(0);
