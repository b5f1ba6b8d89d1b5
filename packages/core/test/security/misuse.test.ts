import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import * as adapterDoor from "../../src/adapter/index.js";
import { checkSessionOptions } from "../../src/config/options-schema.js";
import * as frontDoor from "../../src/index.js";
import { decodeToken } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { keyInStore, signWith } from "../support/jws.js";

const repository = join(import.meta.dirname, "../../../..");
const read = (path: string): string => readFileSync(join(repository, path), "utf8");

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe("verification cannot be switched off [sec U-03]", () => {
  it("no option and no exported name does it, and what hands out tokens says that it is dangerous", async () => {
    for (const option of "skipVerification ignoreExpiration verify unsafe insecure algorithms allowNone jwtVerify".split(
      " ",
    )) {
      expect(() => checkSessionOptions({ [option]: true })).toThrow(
        expect.objectContaining({ type: "INVALID_OPTION" }),
      );
    }
    const instance = await startApp();
    app = instance;
    const created = await instance.session.createNewSessionWithoutRequestResponse("user-1");
    const names = [
      ...Object.keys(frontDoor),
      ...Object.keys(adapterDoor),
      ...Object.keys(instance.session),
      ...Object.getOwnPropertyNames(Object.getPrototypeOf(created)),
    ];
    expect(names.length).toBeGreaterThan(60);
    expect(
      names.filter((name) => /skip|ignore|unsafe|insecure|decode|unverified|bypass/i.test(name)),
    ).toEqual([]);
    expect(names.filter((name) => /tokens/i.test(name))).toEqual([
      "getAllSessionTokensDangerously",
      // Marked @internal: the flows write tokens to the response with it.
      "heldTokens",
    ]);
  });

  it("no combination of options takes an expired token or a wrong signature", async () => {
    for (const options of [
      { allowTestValues: true },
      { checkDatabaseByDefault: true },
      { verifiedTokenCache: false as const },
      { antiCsrf: "NONE" as const },
    ]) {
      const instance = await startApp(options);
      const client = instance.client("header");
      await client.send("POST", "/login");
      const { header, payload } = decodeToken(client.accessToken as string);
      const key = await keyInStore(instance.store, header.kid);
      const good = client.accessToken as string;
      const bad = [
        signWith(key, header, { ...payload, exp: 1 }),
        good.slice(0, -20) + "A".repeat(20),
        `${good.split(".").slice(0, 2).join(".")}.`,
      ];
      for (const text of bad) {
        for (const verifyOptions of [{}, { antiCsrfCheck: false }, { checkDatabase: false }]) {
          await expect(
            instance.session.getSessionWithoutRequestResponse(text, undefined, verifyOptions),
          ).rejects.toMatchObject({
            status: 401,
          });
        }
      }
      expect((await client.send("GET", "/me")).status).toBe(200);
      await instance.close();
    }
  });
});

describe("what the package is made of", () => {
  it("one dependency, which brings no cryptography of its own, locked with a checksum", () => {
    const { dependencies } = JSON.parse(read("packages/core/package.json")) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies).sort()).toEqual(["tldts"]);
    const lock = read("pnpm-lock.yaml");
    for (const name of [...Object.keys(dependencies), "tldts-core"]) {
      expect(lock).toMatch(new RegExp(`\\n  ${name}@[0-9.]+:\\n    resolution: \\{integrity: sha512-`));
    }
    // The public suffix list. What it needs in turn is this, and no more.
    for (const [name, needs] of [
      ["tldts", ["tldts-core"]],
      ["tldts-core", []],
    ] as const) {
      const snapshot =
        new RegExp(`\\nsnapshots:[^]*\\n  ${name}@[0-9.]+:( \\{\\}\\n|\\n(?:    .*\\n)+)`).exec(lock)?.[1] ??
        "none";
      expect([...snapshot.matchAll(/\n {6}(\S+):/g)].map(([, needed]) => needed)).toEqual(needs);
    }
  });
});

describe("how problems are reported [sec U-04]", () => {
  it("SECURITY.md says where, and promises a fix of what is critical within 7 days and a line in the changelog", () => {
    const policy = read("SECURITY.md");
    expect(policy).toMatch(/Report a vulnerability/);
    expect(policy).toMatch(/within 7 days \| a fix for a \*\*critical\*\* problem/);
    expect(policy).toMatch(/one line in every affected changelog/);
  });
});
