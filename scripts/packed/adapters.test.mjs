// The guides and READMEs of the other adapters, from the packed tarballs: every block of a guide is one application that
// compiles, its test passes on every Node version we support, and the README's example compiles.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
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

const adapters = {
  "aws-lambda": ["@middy/core", "@types/aws-lambda"],
  fastify: ["fastify", "@fastify/cors"],
  // What its guide shows of other frameworks stands in folders, and is compiled where those are installed: tools/fetch-hosts.
  fetch: ["srvx"],
  hapi: ["@hapi/hapi"],
  hono: ["hono", "@hono/node-server"],
  koa: ["koa", "@types/koa", "@koa/router", "@koa/cors", "@types/koa__cors", "koa-mount", "koa-static"],
  // With Express 5 and its types beside those that LoopBack has inside (adapters.md LB-08).
  loopback: [
    "express",
    "@types/express",
    "@loopback/authentication",
    "@loopback/core",
    "@loopback/repository",
    "@loopback/rest",
    "@loopback/security",
  ],
  nest: [
    "@nestjs/common",
    "@nestjs/core",
    "@nestjs/graphql",
    "@nestjs/platform-express",
    "graphql",
    "reflect-metadata",
    "rxjs",
  ],
};
/** Where applications are classes with decorators on them, and their types are told. */
const decorated = new Set(["loopback", "nest"]);
/** Where the README's example needs types, too. */
const typed = new Set([...decorated, "aws-lambda"]);
const decorators = (name) =>
  decorated.has(name) ? { experimentalDecorators: true, emitDecoratorMetadata: true } : {};
const readme = (name) => firstBlock(`packages/adapters/${name}/README.md`, typed.has(name) ? "ts" : "js");
const compilerOptions = {
  target: "es2022",
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  types: ["node"],
  outDir: "built",
};

let project;
before(async () => {
  const folders = Object.keys(adapters).map((name) => `packages/adapters/${name}`);
  const others = [...Object.values(adapters).flat(), "@types/node", "typescript"];
  const dependencies = {
    ...(await pack(["packages/core", ...folders])),
    ...Object.fromEntries(others.map((name) => [name, pinned(name)])),
  };
  // Nest's GraphQL would rather have an older TypeScript, for a plugin of its command line.
  const overrides = { "@nestjs/graphql": { typescript: dependencies.typescript } };
  project = await makeProject(dependencies, { overrides });
  for (const name of Object.keys(adapters)) {
    write(join(project, name), {
      ...filesOf(`docs/frameworks/${name}.md`),
      "readme.ts": readme(name),
      "tsconfig.json": JSON.stringify({
        compilerOptions: { ...compilerOptions, ...decorators(name) },
        include: ["*.ts"],
      }),
    });
  }
});
after(removeTemporaryDirectories);

for (const name of Object.keys(adapters)) {
  describe(name, () => {
    it("the README's example has fewer than twenty lines; it and the guide compile", async () => {
      assert.ok(readme(name).trim().split("\n").length < 20);
      const tsc = join(project, "node_modules/typescript/bin/tsc");
      assert.deepEqual(await execute("node", [tsc, "-p", name], { cwd: project }), { code: 0, output: "" });
    });

    it("what the README and the guide import is in their install lines", () => {
      for (const page of [`packages/adapters/${name}/README.md`, `docs/frameworks/${name}.md`])
        assert.deepEqual([page, notInstalled(page)], [page, []]);
    });

    // Functions to deploy, each by itself.
    if (name !== "aws-lambda") isAServer(name, () => project);

    for (const { name: version, path } of nodes) {
      it(`the guide's test passes on ${version}`, async () => {
        const ran = await execute(path, ["--test", `${name}/built/session.test.js`], { cwd: project });
        assert.equal(ran.code, 0, ran.output);
        assert.match(ran.output, /pass 1\n/);
      });
    }
  });
}
