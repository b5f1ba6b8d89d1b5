import { createSession, MemoryStore } from "@acme/session-next";

// Bundles of one process share the store; the edge runtime has its own.
const shared = globalThis as { cachedStore?: MemoryStore };
shared.cachedStore ??= new MemoryStore();

const origin = process.env.FIXTURE_ORIGIN ?? "http://localhost:3000";

export const Session = createSession({
  store: shared.cachedStore,
  allowTestValues: true,
  appInfo: { appName: "cached", apiDomain: origin, websiteDomain: origin, apiGatewayPath: "/base" },
});
