// A watcher needs a watcher: each rule is broken once in a small tree, and must be reported for that and nothing else.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import config, { rooms } from "../.dependency-cruiser.mjs";
import { unknownRooms, walk } from "./arrows.mjs";

/** What breaks each rule: a file, and one import in it. */
const planted = {
  "core-runtime": ["packages/core/src/runtime/planted.ts", "../errors/index.js"],
  "core-errors": ["packages/core/src/errors/planted.ts", "../runtime/index.js"],
  "core-http": ["packages/core/src/http/planted.ts", "../session/index.js"],
  "core-store": ["packages/core/src/store/planted.ts", "../keys/index.js"],
  "core-platform": ["packages/core/src/platform/planted.ts", "../errors/index.js"],
  "core-keys": ["packages/core/src/keys/planted.ts", "../tokens/index.js"],
  "core-tokens": ["packages/core/src/tokens/planted.ts", "../extract/index.js"],
  "core-extract": ["packages/core/src/extract/planted.ts", "../verify/index.js"],
  "core-verify": ["packages/core/src/verify/planted.ts", "../flows/index.js"],
  "core-claims": ["packages/core/src/claims/planted.ts", "../session/index.js"],
  "core-session": ["packages/core/src/session/planted.ts", "../respond/index.js"],
  "core-respond": ["packages/core/src/respond/planted.ts", "../config/index.js"],
  "core-config": ["packages/core/src/config/planted.ts", "../flows/index.js"],
  "core-flows": ["packages/core/src/flows/planted.ts", "../create-core.js"],
  "core-adapter": ["packages/core/src/adapter/planted.ts", "../sqlite/index.js"],
  "core-sqlite": ["packages/core/src/sqlite/planted.ts", "../platform/index.js"],
  "core-user-roles": ["packages/core/src/user-roles/planted.ts", "../flows/index.js"],
  "core-wiring": ["packages/core/src/create-core.ts", "./user-roles/index.js"],
  "core-node": ["packages/core/src/verify/planted.ts", "node:crypto"],
  "core-npm": ["packages/core/src/verify/planted.ts", "better-sqlite3"],
  "core-sqlite-npm": ["packages/core/src/sqlite/planted.ts", "tldts"],
  "core-alone": ["packages/core/src/flows/planted.ts", "../../../conformance/dist/index.js"],
  adapters: ["packages/adapters/express/src/planted.ts", "../../koa/dist/index.js"],
  stores: ["packages/stores/redis/src/planted.ts", "@acme/session-core"],
  conformance: ["packages/conformance/src/planted.ts", "../../stores/redis/dist/index.js"],
  "by-name": ["examples/express/src/planted.ts", "../../../packages/core/dist/index.js"],
  declared: ["packages/adapters/express/src/planted.ts", "vitest"],
  unresolved: ["packages/adapters/express/src/planted.ts", "@acme/session-core/dist/index.js"],
};

const manifest = (name, more = {}) =>
  JSON.stringify({ name, type: "module", main: "./dist/index.js", ...more });
const entry = (path) => ({ default: path });

/** The smallest tree in which every arrow that is allowed is drawn once. */
function house() {
  const directory = mkdtempSync(join(tmpdir(), "arrows-"));
  const write = (path, text) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  const link = (target, path) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    symlinkSync(join(directory, target), join(directory, path));
  };

  for (const [room, mayImport] of Object.entries(rooms)) {
    const imports = mayImport.map((other) => `import "../${other}/index.js";\n`).join("");
    write(`packages/core/src/${room}/index.ts`, `${imports}export {};\n`);
    write(`packages/core/src/${room}/index.test.ts`, 'import "../flows/index.js";\nimport "node:fs";\n');
    write(`packages/core/dist/${room}/index.js`, "export {};\n");
  }
  write("packages/core/src/platform/web.ts", "export {};\n");
  write("packages/core/src/platform/node.ts", 'import "node:crypto";\n');
  write(
    "packages/core/src/sqlite/node.ts",
    'import "node:sqlite";\nimport "better-sqlite3";\nimport "bun:sqlite";\n',
  );
  write("packages/core/src/keys/sites.ts", 'import "tldts";\nimport "#platform";\n');
  write("packages/core/src/index.ts", 'export * from "./create-core.js";\n');
  write("packages/core/src/create-core.ts", 'import "./flows/index.js";\n');
  write("packages/core/dist/index.js", "export {};\n");
  write(
    "packages/core/package.json",
    manifest("@acme/session-core", {
      exports: { ".": entry("./dist/index.js"), "./store": entry("./dist/store/index.js") },
      dependencies: { tldts: "1" },
      peerDependencies: { "better-sqlite3": "1" },
    }),
  );
  for (const name of ["tldts", "better-sqlite3"]) {
    write(`node_modules/.pnpm/${name}@1.0.0/node_modules/${name}/package.json`, manifest(name));
    write(`node_modules/.pnpm/${name}@1.0.0/node_modules/${name}/dist/index.js`, "export {};\n");
    link(`node_modules/.pnpm/${name}@1.0.0/node_modules/${name}`, `packages/core/node_modules/${name}`);
  }

  const others = {
    "packages/conformance": "session-conformance",
    "packages/adapters/express": "session-express",
    "packages/adapters/koa": "session-koa",
    "packages/stores/redis": "session-store-redis",
    "examples/express": "example-express",
  };
  for (const [path, name] of Object.entries(others)) {
    const core = path.startsWith("packages/stores/") ? "@acme/session-core/store" : "@acme/session-core";
    const versions = { "@acme/session-core": "workspace:*" };
    const own = { peerDependencies: versions, devDependencies: { ...versions, vitest: "1" } };
    write(`${path}/package.json`, manifest(`@acme/${name}`, own));
    write(`${path}/src/index.ts`, `import "${core}";\n`);
    write(`${path}/dist/index.js`, "export {};\n");
    link("packages/core", `${path}/node_modules/@acme/session-core`);
    write(`${path}/node_modules/vitest/package.json`, manifest("vitest"));
    write(`${path}/node_modules/vitest/dist/index.js`, "export {};\n");
  }
  return { directory, write };
}

describe("the arrows", () => {
  const made = [];
  after(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
  });
  const build = () => {
    const built = house();
    made.push(built.directory);
    return built;
  };

  it("let every allowed import pass, and read every source", async () => {
    const { modules, missed, violations } = await walk(build().directory);
    assert.deepEqual(violations, []);
    assert.deepEqual(missed, []);
    assert.equal(modules.length, Object.keys(rooms).length + 11);
  });

  it("have a planted violation for every rule", () => {
    const names = config.forbidden.map(({ name }) => name);
    assert.deepEqual([...Object.keys(planted), "cycle"].sort(), names.sort());
  });

  for (const [rule, [file, target]] of Object.entries(planted)) {
    it(`report ${rule}`, async () => {
      const { directory, write } = build();
      write(file, `import "${target}";\n`);
      const { violations } = await walk(directory);
      assert.deepEqual(
        violations.map((violation) => violation.rule),
        [rule],
      );
    });

    it(`report ${rule} for a type`, async () => {
      const { directory, write } = build();
      write(file, `import type { Planted } from "${target}";\nexport type Mine = Planted;\n`);
      const { violations } = await walk(directory);
      assert.deepEqual(
        violations.map((violation) => violation.rule),
        [rule],
      );
    });
  }

  it("report cycle, also of types", async () => {
    const { directory, write } = build();
    write("packages/core/src/verify/a.ts", 'import type { B } from "./b.js";\nexport type A = B;\n');
    write("packages/core/src/verify/b.ts", 'import type { A } from "./a.js";\nexport type B = A;\n');
    const { violations } = await walk(directory);
    assert.deepEqual(
      violations.map((violation) => violation.rule),
      ["cycle"],
    );
  });

  it("name a room that no rule speaks of", () => {
    const { directory, write } = build();
    write("packages/core/src/attic/index.ts", "export {};\n");
    assert.deepEqual(unknownRooms(directory), ["attic"]);
  });
});
