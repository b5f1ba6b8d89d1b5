// The guide and README of Next.js, from the packed tarballs: every block of the guide is a file of one application, which
// compiles, whose test passes on every Node version we support, and which `next build` and `next start` serve.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  execute,
  filesOf,
  makeProject,
  nodes,
  pack,
  pinned,
  removeTemporaryDirectories,
  write,
} from "./project.mjs";

const compilerOptions = {
  target: "es2022",
  module: "esnext",
  moduleResolution: "bundler",
  jsx: "react-jsx",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  types: ["node"],
  outDir: "built",
};
const config = JSON.stringify({
  compilerOptions,
  include: ["**/*.ts", "**/*.tsx"],
  exclude: ["built", "readme"],
});
const layout = `import type { ReactNode } from "react";
export default ({ children }: { children: ReactNode }) => <html lang="en"><body>{children}</body></html>;
`;
const account = `export default () => <p>reached</p>;
`;
const nextConfig = `import { fileURLToPath } from "node:url";
export default {
  // As \`create-next-app\` has it.
  cacheComponents: true,
  partialPrefetching: true,
  // tsc has said what it has to say.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: fileURLToPath(new URL(".", import.meta.url)) },
};
`;

let project;
const next = (...args) => [join(project, "node_modules/next/dist/bin/next"), ...args];
/** Next takes its time on a busy machine. */
const limitMs = 300_000;
const env = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };

before(async () => {
  const others = ["next", "react", "react-dom", "@types/react", "@types/node", "typescript"];
  project = await makeProject({
    ...(await pack(["packages/core", "packages/adapters/next"])),
    ...Object.fromEntries(others.map((name) => [name, pinned(name)])),
  });
  write(project, {
    ...filesOf("docs/frameworks/next.md"),
    "app/layout.tsx": layout,
    "app/account/[[...rest]]/page.tsx": account,
    "next.config.mjs": nextConfig,
    "tsconfig.json": config,
  });
  write(join(project, "readme"), {
    ...filesOf("packages/adapters/next/README.md"),
    "tsconfig.json": config.replace(',"readme"', ""),
  });
});
after(removeTemporaryDirectories);

it("the README's example has fewer than twenty lines; it and the guide compile", async () => {
  const example = Object.values(filesOf("packages/adapters/next/README.md")).join("");
  assert.ok(example.split("\n").filter((line) => line !== "").length < 20);
  const tsc = join(project, "node_modules/typescript/bin/tsc");
  for (const directory of [project, join(project, "readme")]) {
    assert.deepEqual(await execute("node", [tsc, "-p", directory], { cwd: project }), {
      code: 0,
      output: "",
    });
  }
});

for (const { name, path } of nodes) {
  it(`the guide's test passes on ${name}`, async () => {
    const ran = await execute(path, ["--test", "built/session.test.js"], { cwd: project });
    assert.equal(ran.code, 0, ran.output);
    assert.match(ran.output, /pass 1\n/);
  });
}

describe("the guide's application", () => {
  let server;
  let origin;

  before(async () => {
    const built = await execute("node", next("build"), { cwd: project, env, limitMs });
    assert.equal(built.code, 0, built.output);
    // Not through the shell that `node` is in a workspace: it would be that one that is ended.
    server = spawn(process.execPath, next("start", "-H", "127.0.0.1", "-p", "0"), {
      cwd: project,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "ignore"],
    });
    origin = await new Promise((resolve, reject) => {
      let output = "";
      server.stdout.setEncoding("utf8").on("data", (text) => {
        output += text;
        const address = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
        if (address !== undefined && output.includes("Ready")) resolve(address);
      });
      server.once("exit", () => reject(new Error(`next start: ${output}`)));
    });
  });
  after(async () => {
    if (server === undefined || server.exitCode !== null) return;
    server.kill();
    await once(server, "exit");
  });

  async function call(method, path, cookie = "", body = undefined) {
    const response = await fetch(origin + path, {
      method,
      redirect: "manual",
      headers: { cookie, "st-auth-mode": "cookie", "content-type": "application/json" },
      body,
    });
    const cookies = response.headers.getSetCookie().map((line) => line.split(";")[0]);
    return { status: response.status, text: await response.text(), cookies, headers: response.headers };
  }
  /** With the path as it is: `fetch` would put it in order. */
  async function raw(method, path) {
    const { hostname, port } = new URL(origin);
    const asked = request({ hostname, port, method, path, agent: false });
    asked.end();
    const [response] = await once(asked, "response");
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk;
    return { status: response.statusCode, text };
  }
  const login = async () => (await call("POST", "/login", "", '{"user":"alice"}')).cookies.join("; ");

  it("route handlers: signs in, guards, and signs out", async () => {
    assert.equal((await call("GET", "/me")).status, 401);
    assert.equal((await call("GET", "/feed")).text, '{"hello":"stranger"}');
    const cookie = await login();
    assert.equal((await call("GET", "/me", cookie)).text, '{"id":"alice"}');
    assert.equal((await call("DELETE", "/me", cookie)).text, '{"deleted":"alice"}');
    assert.equal((await call("POST", "/posts/7", cookie)).text, '{"by":"alice","liked":"7"}');
    assert.equal((await call("POST", "/like-comment", cookie)).status, 403);
    const refused = JSON.parse((await call("GET", "/admin", cookie)).text);
    assert.deepEqual(
      refused.claimValidationErrors.map(({ id }) => id),
      ["st-role"],
    );
    assert.equal((await call("POST", "/auth/session/refresh", cookie)).status, 200);
    assert.equal((await call("POST", "/logout", cookie)).status, 200);
    assert.equal((await call("DELETE", "/me", cookie)).status, 401);
  });

  it("API routes share the store with them", async () => {
    assert.equal((await call("GET", "/api/like-comment")).status, 401);
    assert.equal((await call("GET", "/api/like-comment", await login())).text, '{"by":"alice"}');
  });

  it("server components and the proxy read", async () => {
    assert.match((await call("GET", "/home")).text, /<p>guest<\/p>/);
    assert.match((await call("GET", "/home", await login())).text, /<p>alice<\/p>/);
    const { status, headers } = await call("GET", "/account/settings");
    assert.deepEqual([status, headers.get("location")], [307, "/login?to=%2Faccount%2Fsettings"]);
  });

  it("the proxy stands before every page below its path, however the path is written", async () => {
    assert.match((await call("GET", "/account/deep/er", await login())).text, /<p>reached<\/p>/);
    const paths = [
      "",
      "/",
      "?x",
      "/deep/er",
      "/deep/",
      "//deep",
      "/%2fdeep",
      "/.",
      "/deep.rsc",
      "/deep?_rsc=1",
    ];
    const written = [...paths.map((rest) => `/account${rest}`), "/ACCOUNT", "/Account/deep"];
    const around = [
      "//account",
      "/./account",
      "/%61ccount",
      "/%61ccount/deep",
      "/home/../account",
      "/%2faccount",
    ];
    for (const path of [...written, ...around])
      for (const method of ["GET", "HEAD", "POST"]) {
        const { status, text } = await raw(method, path);
        assert.ok(status >= 300 && status < 500 && !text.includes("reached"), `${method} ${path}: ${status}`);
      }
  });
});
