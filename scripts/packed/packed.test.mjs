// What a user gets: the packed tarballs, installed by npm into an empty project, run the README's first example as
// ES module, as TypeScript and through require(), on every Node version we support.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../lib/run.mjs";
import { isAServer, notInstalled } from "./guides.mjs";
import {
  execute,
  filesOf,
  firstBlock,
  makeProject,
  nodes,
  pack,
  pinned,
  removeTemporaryDirectories,
  write,
} from "./project.mjs";

const README = "packages/adapters/express/README.md";
const example = firstBlock(README, "js");
/** The same lines, but the test does the listening. */
const asModule = (text) => replaced(text, /^app\.listen\(3000\);$/m, "export { app, Session };");
const asCommonJs = (text) =>
  replaced(
    text
      .replace(/^import \{ (.*) \} from (.*);$/gm, "const { $1 } = require($2);")
      .replace(/^import (\w+) from (.*);$/gm, "const $1 = require($2);"),
    /^app\.listen\(3000\);$/m,
    "module.exports = { app, Session };",
  );
const inMemory = (text) =>
  replaced(
    replaced(text, "createSession()", "createSession({ store: new MemoryStore() })"),
    "{ createSession }",
    "{ createSession, MemoryStore }",
  );
const start = (from, how) => `${how}\nimport { drive } from "./drive.mjs";\nawait drive(${from});\n`;

function replaced(text, pattern, by) {
  const result = text.replace(pattern, by);
  assert.notEqual(result, text, `the README has no ${pattern}`);
  return result;
}

const guides = {
  express: "docs/frameworks/express.md",
  migrating: "docs/migrating.md",
  verifying: "docs/verifying-elsewhere.md",
};

let project;
before(async () => {
  const tarballs = await pack(["packages/core", "packages/adapters/express"]);
  project = await makeProject({
    ...tarballs,
    express: pinned("express"),
    "@types/express": pinned("@types/express"),
    "@types/node": pinned("@types/node"),
    cors: pinned("cors"),
    "@types/cors": pinned("@types/cors"),
    typescript: pinned("typescript"),
  });
  copyFileSync(join(root, "scripts/packed/fixtures/drive.mjs"), join(project, "drive.mjs"));
  const compilerOptions = {
    target: "es2022",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    types: ["node"],
    outDir: "built",
  };
  for (const [name, guide] of Object.entries(guides)) {
    const config = JSON.stringify({ compilerOptions, include: ["*.ts"] });
    write(join(project, name), { ...filesOf(guide), "tsconfig.json": config });
  }
  write(project, {
    "app.mjs": asModule(example),
    "memory.mjs": asModule(inMemory(example)),
    "app.cjs": asCommonJs(example),
    "memory.cjs": asCommonJs(inMemory(example)),
    "readme.ts": example,
    "app.ts": asModule(example),
    "memory.ts": asModule(inMemory(example)),
    "tsconfig.json": JSON.stringify({ compilerOptions, include: ["*.ts"] }),
  });
  for (const name of ["app", "memory"]) {
    write(project, {
      [`run-${name}-esm.mjs`]: start("app, Session", `import { app, Session } from "./${name}.mjs";`),
      [`run-${name}-cjs.mjs`]: start(
        "required.app, required.Session",
        `import required from "./${name}.cjs";`,
      ),
      [`run-${name}-ts.mjs`]: start("app, Session", `import { app, Session } from "./built/${name}.js";`),
    });
  }
});
after(removeTemporaryDirectories);

describe("the README's first example, from the packed tarballs", () => {
  it("has fewer than twenty lines", () => {
    assert.ok(example.trim().split("\n").length < 20);
  });

  it("compiles in the strictest TypeScript", async () => {
    const compiled = await execute("node", [join(project, "node_modules/typescript/bin/tsc"), "-p", "."], {
      cwd: project,
    });
    assert.deepEqual(compiled, { code: 0, output: "" });
  });

  for (const { name, path } of nodes) {
    describe(name, () => {
      const hasSqlite = name !== "node-20";
      for (const form of ["esm", "cjs", "ts"]) {
        it(`runs in memory as ${form}, and ends by itself`, async () => {
          const ran = await execute(path, [`run-memory-${form}.mjs`], { cwd: project, limitMs: 30_000 });
          assert.match(ran.output, /^driven on Node \d+\.\d+\.\d+\n$/);
          assert.equal(ran.code, 0);
        });

        if (hasSqlite) {
          it(`runs on the SQLite file as ${form}, says where it is, and ends by itself`, async () => {
            const ran = await execute(path, [`run-app-${form}.mjs`], { cwd: project, limitMs: 30_000 });
            assert.match(
              ran.output,
              /^Sessions are kept in .*\.sessions\/sessions\.db .*\ndriven on Node .*\n$/,
            );
            assert.equal(ran.code, 0);
            assert.equal(readFileSync(join(project, ".sessions/.gitignore"), "utf8"), "*\n");
          });
        }
      }

      if (!hasSqlite) {
        it("without any SQLite it says what to install", async () => {
          const ran = await execute(path, ["run-app-esm.mjs"], { cwd: project, limitMs: 30_000 });
          assert.notEqual(ran.code, 0);
          assert.match(ran.output, /has no usable SQLite/);
          assert.match(ran.output, /npm install better-sqlite3@12/);
          assert.match(ran.output, /INVALID_OPTION/);
        });
      }

      it("in production without appInfo it says what to write", async () => {
        const ran = await execute(path, ["run-memory-esm.mjs"], {
          cwd: project,
          env: { NODE_ENV: "production" },
        });
        assert.notEqual(ran.code, 0);
        assert.match(ran.output, /appInfo.*apiDomain: "https:\/\/api\.example\.com"/);
      });
    });
  }

  for (const [name, guide] of Object.entries(guides)) {
    it(`${guide} compiles`, async () => {
      const tsc = join(project, "node_modules/typescript/bin/tsc");
      assert.deepEqual(await execute("node", [tsc, "-p", name], { cwd: project }), { code: 0, output: "" });
    });
  }

  it("what the README and the guide import is in their install lines", () => {
    for (const page of [README, guides.express]) assert.deepEqual([page, notInstalled(page)], [page, []]);
  });

  isAServer("express", () => project);

  it("the guide's test passes", async () => {
    const ran = await execute("node", ["--test", "express/built/session.test.js"], { cwd: project });
    assert.equal(ran.code, 0, ran.output);
    assert.match(ran.output, /pass 1\n/);
  });

  it("the front page shows the same example", () => {
    assert.equal(firstBlock("README.md", "js"), example);
  });

  it("holds nothing but what is needed", () => {
    const installed = join(project, "node_modules/@acme/session-express");
    assert.ok(existsSync(join(installed, "README.md")));
    assert.ok(!existsSync(join(installed, "src")));
    assert.ok(!existsSync(join(installed, "test")));
    const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    assert.equal(dependencies, undefined);
  });
});
