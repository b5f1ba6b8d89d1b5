import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Router from "@koa/router";
import Koa, { type Middleware } from "koa";
import { afterEach, expect, it } from "vitest";
import { startApp, type TestApp } from "./support/koa-app.js";

const guide = readFileSync(join(import.meta.dirname, "../../../../docs/frameworks/koa.md"), "utf8");
const directory = join(import.meta.dirname, "../.reports/guide");

/** A file of the guide, as it stands there, on an instance of the test's. */
async function loaded(file: string): Promise<Record<string, unknown>> {
  const text = guide.match(new RegExp(`^\`\`\`ts\n// ${file}\n(.*?)^\`\`\``, "ms"))?.[1];
  if (text === undefined) throw new Error(`the guide has no ${file}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(
    join(directory, "session.ts"),
    'import { createSession, MemoryStore } from "../../src/index.js";\nexport const Session = createSession({ store: new MemoryStore() });\n',
  );
  writeFileSync(join(directory, file), text);
  return import(join(directory, file));
}

const spellings = (path: string) => [path, path.toUpperCase(), path.replace(/[a-z]/, (c) => c.toUpperCase())];
let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

it("what the guide guards lets nobody in by other letters", async () => {
  const { guardAdmin } = await loaded("admin.ts");
  const { protect } = await loaded("protect.ts");
  const nested = new Router();
  const inner = new Router({ prefix: "/users" });
  inner.get("/x", (ctx) => {
    ctx.body = "secret";
  });
  nested.use("/admin", inner.routes());
  app = await startApp(Koa, (koa, session) => {
    koa.use(session.middleware());
    koa.use(guardAdmin as Middleware);
    koa.use((protect as Router).routes());
    koa.use(nested.routes());
  });
  const paths = ["/me", "/name", "/admin/users", "/admin/users/x"].flatMap(spellings);
  for (const path of [...paths, "//admin/users", "/%61dmin/users", "/%41DMIN/users/x"]) {
    expect([path, (await app.client().get(path)).status]).toEqual([path, 401]);
  }
});

it("a router's own guard lets others in by other letters, unless it is told to tell them apart", async () => {
  const answers = async (options: { sensitive?: boolean }) => {
    app = await startApp(Koa, (koa, session) => {
      const router = new Router({ prefix: "/p", ...options });
      router.use(session.verifySession());
      router.get("/x", (ctx) => {
        ctx.body = "secret";
      });
      koa.use(router.routes());
    });
    const statuses = [(await app.client().get("/p/x")).status, (await app.client().get("/P/x")).status];
    await app.close();
    app = undefined;
    return statuses;
  };
  // Once the first is 401 twice, the trap of the guide is gone.
  expect(await answers({})).toEqual([401, 200]);
  expect(await answers({ sensitive: true })).toEqual([401, 404]);
});
