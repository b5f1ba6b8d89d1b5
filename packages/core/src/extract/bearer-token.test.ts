import { describe, expect, it } from "vitest";
import { bearerToken } from "./bearer-token.js";

describe("the token of an Authorization header", () => {
  it("is what stands after the scheme, which is spelled in any case", () => {
    for (const header of ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c", "Bearer a.b.c \t"]) {
      expect(bearerToken(header), header).toBe("a.b.c");
    }
  });

  it("is none for another scheme, a list or an empty value", () => {
    const others = [
      undefined,
      "",
      "a.b.c",
      "Bearer",
      "Bearer ",
      "Bearer\ta.b.c",
      " Bearer a.b.c",
      "Bearera.b.c",
      "Basic dXNlcjpwdw==",
      "DPoP a.b.c",
      "Bearer a.b.c d.e.f",
      "Bearer a.b.c\td",
      "Bearer a.b.c,",
      "Bearer a.b.c, Bearer d.e.f",
    ];
    for (const header of others) expect(bearerToken(header), header).toBeUndefined();
  });
});
