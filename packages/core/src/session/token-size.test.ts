import { describe, expect, it } from "vitest";
import type { AccessTokenPayload } from "../tokens/access-token.js";
import { assertFits, largestClaims } from "./token-size.js";

const PAYLOAD = { sub: "u", a: 1, b: "xxxx", c: [1, 2, 3, 4, 5], d: "ééé" } as unknown as AccessTokenPayload;

describe("assertFits [sec C-04] [wire F-9]", () => {
  it("lets 4096 bytes through and refuses 4097", () => {
    expect(() => assertFits(4096, PAYLOAD)).not.toThrow();
    expect(() => assertFits(4097, PAYLOAD)).toThrow(
      expect.objectContaining({
        type: "PAYLOAD_TOO_LARGE",
        payload: { sizeBytes: 4097, limitBytes: 4096, largestClaims: ["c", "d", "b"] },
      }),
    );
  });

  it("names the biggest claims by their bytes, never the token's own", () => {
    expect(largestClaims(PAYLOAD)).toEqual(["c", "d", "b"]);
  });
});
