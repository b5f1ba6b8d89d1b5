import { createSession, MemoryStore } from "@acme/session-next";

const origin = process.env.FIXTURE_ORIGIN ?? "http://localhost:3000";

const Session = createSession({
  store: new MemoryStore(),
  allowTestValues: true,
  appInfo: {
    appName: "pages",
    apiDomain: origin,
    websiteDomain: origin,
    apiGatewayPath: "/base",
    apiBasePath: "/api/auth",
  },
});

export default Session.apiHandler();
export const config = { api: { bodyParser: false } };
