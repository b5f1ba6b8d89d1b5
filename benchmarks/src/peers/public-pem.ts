import { createPublicKey } from "node:crypto";
import type { SignedToken } from "./peer.ts";

/** The key in the form that fast-jwt and its kin take. */
export function publicPem(jwk: SignedToken["jwk"]): string {
  return createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" }).toString();
}
