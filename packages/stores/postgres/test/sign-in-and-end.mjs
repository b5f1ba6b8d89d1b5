/** A script of a user: signs somebody in, and has nothing more to do. Nothing is closed. */
import { bindSession, Exchange, WebRequest, WebResponse } from "@acme/session-core/adapter";
import { postgresStore } from "../dist/index.js";

const [url, schema, driver] = process.argv.slice(2);
const { session } = bindSession(
  {
    appInfo: {
      appName: "script",
      apiDomain: "https://api.example.com",
      websiteDomain: "https://example.com",
    },
    store: postgresStore({ url, schema, driver }),
  },
  (request, response) => new Exchange(new WebRequest(request), response),
);
const request = new Request("https://api.example.com/login", { method: "POST" });
const container = await session.createNewSession(request, new WebResponse(), "user-1");
console.log(container.getHandle());
