import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SessionError } from "../src/errors/session-error.js";

const text = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
const documented = new Set([...text.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, type]) => type));
const types = Object.entries(SessionError)
  .filter(([name, value]) => name === value)
  .map(([name]) => name);

describe("docs/errors.md", () => {
  it("lists every type of error, and no other", () => {
    expect([...documented].sort()).toEqual([...types].sort());
  });

  it("says the status that the error has", () => {
    for (const [, type, status] of text.matchAll(/^\| `([A-Z_]+)` \| (\d{3})/gm)) {
      const payload = type === "INVALID_CLAIMS" ? [{ id: "x" }] : undefined;
      expect([type, new SessionError({ type, message: "x", payload } as never).status]).toEqual([
        type,
        Number(status),
      ]);
    }
  });
});
