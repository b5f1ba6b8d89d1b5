// The packed declarations under the compilers and the declarations of Express that people have. Errors are counted in
// our files and in the application's; what DefinitelyTyped does to an old compiler is not ours to mend.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../lib/run.mjs";
import { execute, makeProject, pack, pinned, removeTemporaryDirectories, write } from "./project.mjs";

const compilers = { 5.5: "5.5.4", 5.9: "5.9.3", "6.0": "6.0.3", "7.0": pinned("typescript") };
const expresses = {
  "@types/express 5": { express: pinned("express"), types: pinned("@types/express") },
  "@types/express 4": {
    express: pinned("express4").replace("npm:express@", ""),
    types: pinned("@types/express4").replace("npm:@types/express@", ""),
  },
};
const programs = [
  { name: "plain", types: ["node"], files: ["plain.ts", "session-request.ts"] },
  { name: "augmented", types: ["node"], files: ["augment.ts"] },
  {
    name: "beside @types/express-session",
    types: ["node", "express-session"],
    files: ["plain.ts", "beside-express-session.ts"],
  },
];
/** Every program with every compiler; the dear run without skipLibCheck for the plain one, and with the oldest and newest. */
const lax = (compiler, program) => {
  const isEdge = compiler === "5.5" || compiler === "7.0";
  if (program.name === "plain") return [true, false];
  return [!isEdge];
};
const isOurs = (line) =>
  /^(?!node_modules\/)\S.*error TS|^node_modules\/@acme\/.*error TS|^error TS/.test(line);

let tarballs;
before(async () => {
  tarballs = await pack(["packages/core", "packages/adapters/express"]);
});
after(removeTemporaryDirectories);

for (const [version, { express, types }] of Object.entries(expresses)) {
  describe(version, { concurrency: 2 }, () => {
    let project;
    before(async () => {
      const aliases = Object.entries(compilers).map(([name, exact]) => [
        `ts-${name}`,
        `npm:typescript@${exact}`,
      ]);
      project = await makeProject({
        ...tarballs,
        ...Object.fromEntries(aliases),
        express,
        "@types/express": types,
        "@types/express-session": pinned("@types/express-session"),
        "@types/node": pinned("@types/node"),
      });
      cpSync(join(root, "scripts/packed/fixtures/types"), project, { recursive: true });
      for (const [index, program] of programs.entries()) {
        for (const skipLibCheck of [true, false]) {
          const compilerOptions = {
            target: "es2022",
            module: "nodenext",
            strict: true,
            exactOptionalPropertyTypes: true,
            verbatimModuleSyntax: true,
            noEmit: true,
            types: program.types,
            skipLibCheck,
          };
          const config = JSON.stringify({ compilerOptions, files: program.files });
          write(project, { [`tsconfig.${index}.${skipLibCheck}.json`]: config });
        }
      }
    });

    for (const compiler of Object.keys(compilers)) {
      for (const [index, program] of programs.entries()) {
        for (const skipLibCheck of lax(compiler, program)) {
          it(`EX-10, G-65, G-67: TypeScript ${compiler}, ${program.name}, skipLibCheck ${skipLibCheck}`, async () => {
            const tsc = join(project, `node_modules/ts-${compiler}/bin/tsc`);
            const args = [tsc, "-p", `tsconfig.${index}.${skipLibCheck}.json`, "--pretty", "false"];
            const { code, output } = await execute("node", args, { cwd: project });
            assert.deepEqual(output.split("\n").filter(isOurs), []);
            assert.ok(code === 0 || /error TS/.test(output), `the compiler itself failed: ${output}`);
          });
        }
      }
    }
  });
}

describe("the matrix itself", () => {
  it("fails where a type is wrong", () => {
    assert.ok(isOurs("plain.ts(3,1): error TS2578: Unused '@ts-expect-error' directive."));
    assert.ok(
      isOurs("node_modules/@acme/session-core/dist/index.d.ts(1,1): error TS2304: Cannot find name 'X'."),
    );
    assert.ok(!isOurs("node_modules/@types/node/buffer.d.ts(1,1): error TS2304: Cannot find name 'X'."));
  });
});
