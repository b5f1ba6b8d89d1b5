// Published vectors, on both platforms.
import { describe, expect, it } from "vitest";
import { platform as node } from "./node.js";
import { platform as web } from "./web.js";

const CLAIMS =
  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

const SIGNED = [
  {
    name: "RFC 7515 A.2, RS256",
    algorithm: "RS256",
    jwk: {
      kty: "RSA",
      n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
      e: "AQAB",
    },
    signingInput: `eyJhbGciOiJSUzI1NiJ9.${CLAIMS}`,
    signature:
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
  },
  {
    name: "RFC 7515 A.3, ES256",
    algorithm: "ES256",
    jwk: {
      kty: "EC",
      crv: "P-256",
      x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    },
    signingInput: `eyJhbGciOiJFUzI1NiJ9.${CLAIMS}`,
    signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
  },
  {
    name: "RFC 8037 A.4, EdDSA",
    algorithm: "EdDSA",
    jwk: { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
    signingInput: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
    signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
  },
] as const;

for (const [where, platform] of Object.entries({ node, web })) {
  describe(`the ${where} platform`, () => {
    for (const { name, algorithm, jwk, signingInput, signature } of SIGNED) {
      it(`verifies ${name}, and nothing beside it`, async () => {
        const key = await platform.importVerifyKey({ ...jwk }, algorithm);
        expect(await key.verify(signingInput, signature)).toBe(true);
        expect(await key.verify(`${signingInput}A`, signature)).toBe(false);
        expect(
          await key.verify(
            signingInput,
            signature.replace(/^./, (c) => (c === "A" ? "B" : "A")),
          ),
        ).toBe(false);
        expect(await key.verify(signingInput, signature.slice(0, -4))).toBe(false);
      });
    }

    it("an ES256 signature of zeros, or of numbers beyond the curve's order, is wrong and nothing worse [sec T-04]", async () => {
      const { algorithm, jwk, signingInput } = SIGNED[1];
      const key = await platform.importVerifyKey({ ...jwk }, algorithm);
      const order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
      const numbers = ["00".repeat(32), `${"00".repeat(31)}01`, order, "ff".repeat(32)];
      for (const r of numbers) {
        for (const s of numbers) {
          const signature = Buffer.from(r + s, "hex").toString("base64url");
          expect(await key.verify(signingInput, signature)).toBe(false);
        }
      }
    });

    it("signs RFC 8037 A.4 to the letter", async () => {
      const { jwk, signingInput, signature } = SIGNED[2];
      const key = await platform.importSignKey(
        { ...jwk, d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" },
        "EdDSA",
      );
      expect(await key.sign(signingInput)).toBe(signature);
    });

    it("HMAC: RFC 4231 test case 2", async () => {
      const key = await platform.importMacKey(new TextEncoder().encode("Jefe"));
      const mac = await key.mac("what do ya want for nothing?");
      expect(Buffer.from(mac, "base64url").toString("hex")).toBe(
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      );
    });

    it("HKDF: RFC 5869 A.3, its first 32 bytes", async () => {
      const key = await platform.hkdf(new Uint8Array(22).fill(0x0b), "");
      expect(Buffer.from(key).toString("hex")).toBe(
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
      );
    });

    it("SHA-256: FIPS 180-4, `abc`", async () => {
      expect(await platform.sha256Hex("abc")).toBe(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      );
    });
  });
}
