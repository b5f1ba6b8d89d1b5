import assert from "node:assert/strict";
import { join } from "node:path";
import { type RunningApp, WireClient } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type HostProcess, startProcess } from "../src/start-process.ts";

/** What the suite's routes, which are all endpoints, do not show: pages. */
function onHost(name: string, cases: (client: () => WireClient) => void): void {
  describe(name, () => {
    let host: HostProcess;
    let app: RunningApp;
    beforeAll(async () => {
      host = await startProcess(process.execPath, [join(import.meta.dirname, `../src/${name}/serve.ts`)]);
      app = await host.start({});
    });
    afterAll(async () => {
      await app?.close();
      await host?.stop();
    });
    cases(() => new WireClient(app.origin));
  });
}

const OURS = ["sAccessToken", "sRefreshToken"];
const FORM = { "content-type": "application/x-www-form-urlencoded" };

for (const [name, login] of [
  ["sveltekit", "/page?/login"],
  ["react-router", "/page"],
] as const) {
  onHost(name, (client) => {
    it("T10, T12: a page's loader has the session, and its form action makes one", async () => {
      const user = client();
      const form = { ...FORM, accept: "text/html", origin: user.base };
      const action = await user.send("POST", login, form, "user=user-1");
      assert.equal(action.status, 303);
      assert.deepEqual(action.setCookies.map((cookie) => cookie.name).sort(), ["form", ...OURS]);
      const page = await user.get("/page", { accept: "text/html" });
      assert.deepEqual([page.status, page.body.includes("user-1")], [200, true]);
    });

    it("without a session the page is a 401, which its own error page does not hide", async () => {
      const page = await client().get("/page", { accept: "text/html" });
      assert.deepEqual([page.status, page.json], [401, { message: "unauthorised" }]);
    });
  });
}

onHost("astro", (client) => {
  for (const [path, status, text, value] of [
    ["/page", 200, "<p>page</p>", "1"],
    ["/rewritten", 200, "<p>page</p>", "1"],
    ["/missing", 404, "<p>not found</p>", "404"],
  ] as const) {
    it(`WE-11, T11: the page's cookie and ours are both sent, on ${path}`, async () => {
      const page = await client().get(path, { accept: "text/html" });
      assert.deepEqual([page.status, page.body.includes(text)], [status, true]);
      assert.deepEqual(page.setCookies.map((cookie) => cookie.name).sort(), ["page", ...OURS]);
      assert.equal(page.setCookies.find((cookie) => cookie.name === "page")?.value, value);
    });
  }

  it("a component inside of a page comes too late, and is told so", async () => {
    const page = await client().get("/nested", { accept: "text/html" });
    assert.deepEqual([page.status, page.setCookies], [200, []]);
    assert.match(page.body, /RESPONSE_COMMITTED/);
  });
});
