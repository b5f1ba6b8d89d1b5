import { isBoolean } from "../errors/option-check.js";
import { invalidArgument } from "../errors/throwers.js";
import type { JsonObject } from "../runtime/json.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import type { SessionCore } from "./session-core.js";

export interface CreateJwtInput {
  payload?: JsonObject | undefined;
  /** Default: 100 years. */
  validitySeconds?: number | undefined;
  /** Default true: the token outlives key rotation. */
  useStaticSigningKey?: boolean | undefined;
}

const CENTURY_SECONDS = 3_153_600_000;

/**
 * A JWT of the application's own, signed with a key of the JWKS. It has no `version` in its header, so that no access
 * token can be made of it (security rule T-08).
 */
export async function createJwt(
  core: SessionCore,
  input: CreateJwtInput,
): Promise<{ status: "OK"; jwt: string }> {
  const { platform, keys, clock, settings } = core.engine;
  const validitySeconds = input.validitySeconds ?? CENTURY_SECONDS;
  if (!Number.isFinite(validitySeconds) || validitySeconds <= 0) {
    throw invalidArgument("the validity of a JWT must be a positive number of seconds");
  }
  if (input.useStaticSigningKey !== undefined)
    isBoolean(input.useStaticSigningKey, "createJWT.useStaticSigningKey");
  const nowSeconds = Math.floor(clock.wallMs() / 1000);
  const claims = {
    iss: settings.issuer,
    ...snapshotPayload("JWT payload", input.payload),
    iat: nowSeconds,
    exp: nowSeconds + Math.floor(validitySeconds),
  };
  const { kid, algorithm, key } =
    input.useStaticSigningKey === false ? await keys.signing() : await keys.staticSigning();
  const header = JSON.stringify({ alg: algorithm, typ: "JWT", kid });
  const signingInput = `${platform.encodeSegment(header)}.${platform.encodeSegment(JSON.stringify(claims))}`;
  return { status: "OK", jwt: `${signingInput}.${await key.sign(signingInput)}` };
}
