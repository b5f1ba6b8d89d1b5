import { deepEqual, match } from "node:assert/strict";
import { join } from "node:path";
import { startExample } from "@acme/example-page/start-example";
import { it } from "vitest";

const server = join(import.meta.dirname, "../src/server.ts");

it("shows the session in a server component, and sends an expired one to the page that refreshes", async () => {
  const { origin, stop } = await startExample(server);
  const post = (path: string, body: object) =>
    fetch(origin + path, {
      method: "POST",
      headers: { "content-type": "application/json", "st-auth-mode": "cookie" },
      body: JSON.stringify(body),
    });
  const login = await post("/login", { userId: "ada" });
  const cookie = login.headers.getSetCookie().map((line) => line.split(";")[0]);
  const account = (headers: Record<string, string>) =>
    fetch(`${origin}/account`, { headers, redirect: "manual" });
  match(await (await account({})).text(), /Nobody is signed in/);
  match(await (await account({ cookie: cookie.join("; ") })).text(), /Signed in as <b>ada<\/b>/);
  await post("/lab/advance", { seconds: 21 });
  const expired = await account({ cookie: cookie.join("; ") });
  deepEqual([expired.status, expired.headers.get("location")], [307, "/"]);
  await stop("SIGTERM");
});
