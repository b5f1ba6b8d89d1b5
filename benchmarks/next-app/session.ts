import { createSession, type SessionStore, silentLogger } from "@acme/session-next";

// The server that starts Next has made the store, with a token in it that the load sends.
const { benchStore } = globalThis as unknown as { benchStore: SessionStore };

export const Session = createSession({
  appInfo: {
    appName: "bench",
    apiDomain: "https://api.example.com",
    websiteDomain: "https://example.com",
  },
  logger: silentLogger,
  store: benchStore,
  // In memory, in production.
  allowTestValues: true,
});
