import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequestHandler, type MiddlewareFunction, type ServerBuild } from "react-router";
import { it } from "vitest";

/** React Router's build, as much of it as serving takes. */
function builtRoutes(signedIn: MiddlewareFunction<Response>): ServerBuild {
  const reached = () => Response.json("reached");
  const page = { default: () => null, loader: () => "reached", action: () => "reached" };
  const modules = [
    { id: "root", path: "", module: { default: () => null } },
    { id: "admin", parentId: "root", path: "admin", module: { default: () => null, middleware: [signedIn] } },
    { id: "users", parentId: "admin", path: "users", module: page },
    { id: "resource", parentId: "admin", path: "resource", module: { loader: reached, action: reached } },
  ];
  const routes = Object.fromEntries(modules.map((route) => [route.id, route]));
  return {
    entry: { module: { default: () => new Response("reached") } },
    routes,
    assets: { entry: { imports: [], module: "" }, routes, url: "", version: "1" },
    publicPath: "/",
    assetsBuildDirectory: "",
    future: {},
    ssr: true,
    isSpaMode: false,
    prerender: [],
    routeDiscovery: { mode: "initial" },
  } as unknown as ServerBuild;
}

const home = join(import.meta.dirname, "..");
const guide = readFileSync(join(home, "../../docs/frameworks/fetch.md"), "utf8");
/** Where each framework's blocks import the instance from. */
const INSTANCE = {
  sveltekit: "src/lib/server/session.ts",
  astro: "src/session.ts",
  "react-router": "app/session.ts",
  h3: "session.ts",
  elysia: "session.ts",
};

const directory = join(home, "dist/guide");

it("what the guide shows of each framework compiles", () => {
  const blocks = [...guide.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```/gms)].map(([, path = "", text = ""]) => ({
    path,
    text,
  }));
  const instance = blocks.find(({ path }) => path === "session.ts")?.text ?? "";
  rmSync(directory, { recursive: true, force: true });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  for (const [folder, path] of Object.entries(INSTANCE)) {
    const own = blocks.filter((block) => block.path.startsWith(`${folder}/`));
    assert.notEqual(own.length, 0, folder);
    for (const block of own) write(block.path, block.text);
    write(`${folder}/${path}`, instance);
  }
  write(
    "tsconfig.json",
    JSON.stringify({
      extends: "../../../../tsconfig.base.json",
      compilerOptions: { noEmit: true, types: ["node"], lib: ["es2023", "dom", "dom.iterable"] },
      include: ["."],
    }),
  );
  const tsc = spawnSync(join(home, "node_modules/.bin/tsc"), ["-p", directory], { encoding: "utf8" });
  assert.deepEqual([tsc.status, tsc.stdout], [0, ""]);
});

it("React Router's guard stands before every route inside of its own", async () => {
  // The file that the test before has written.
  const { signedIn } = await import(join(directory, "react-router/app/session-middleware.ts"));
  const ask = createRequestHandler(builtRoutes(signedIn), "production");
  const reading = [
    "/users",
    "/users/",
    "/users.data",
    "/users.data?_routes=users",
    "/resource",
    "",
    "?index",
  ];
  const paths = [...reading.map((rest) => `/admin${rest}`), "/ADMIN/users", "/%61dmin/resource"];
  for (const path of paths) {
    for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
      const { status } = await ask(new Request(`http://localhost${path}`, { method }));
      assert.equal(status, 401, `${method} ${path}`);
    }
  }
  const open = await createRequestHandler(
    builtRoutes((_, next) => next()),
    "production",
  )(new Request("http://localhost/admin/resource"));
  assert.equal(await open.json(), "reached");
});
