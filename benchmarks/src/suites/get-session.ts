import { type Measured, measure } from "../measure.ts";
import { startBetterAuth } from "../peers/better-auth.ts";
import { startExpressSession } from "../peers/express-session.ts";
import { startFastJwt } from "../peers/fast-jwt.ts";
import { startFastifyJwt } from "../peers/fastify-jwt.ts";
import { startFastifySession } from "../peers/fastify-session.ts";
import { startIronSession } from "../peers/iron-session.ts";
import { startJose } from "../peers/jose.ts";
import { OURS_CACHED, OURS_UNCACHED, startOurs } from "../peers/ours.ts";
import type { SignedToken } from "../peers/peer.ts";
import { rawName, rawVerify } from "../peers/raw-verify.ts";
import { startSupertokens, supertokensName } from "../peers/supertokens.ts";
import { type Row, row } from "../row.ts";
import type { Suite } from "./suite.ts";

const ALGORITHMS = ["ES256", "RS256", "EdDSA"] as const;

/** One verified request in process, without HTTP: ours and everybody else's, beside the signature check alone. */
export const getSessionSuite: Suite = {
  name: "getSession",
  title: "One verified request, in process",
  packages: [
    "supertokens-node",
    "better-auth",
    "iron-session",
    "express-session",
    "@fastify/session",
    "@fastify/jwt",
    "fast-jwt",
    "jose",
  ],
  async run(effort) {
    const ours = await startOurs();
    const [es256, rs256, edDsa] = ours.tokens;
    const peers = [
      await startSupertokens([es256, rs256]),
      await startJose(es256),
      await startJose(rs256),
      await startFastJwt(es256),
      await startFastifyJwt(es256),
      await startExpressSession(),
      await startFastifySession(),
      await startIronSession(),
      await startBetterAuth(),
    ];
    try {
      const raw = [es256, rs256, edDsa].map(rawVerify);
      const measured = await measure([...raw, ...ours.cases, ...peers.flatMap(({ cases }) => cases)], effort);
      return [...againstRaw(measured), ...againstPeers(measured), ...againstPlain(measured)];
    } finally {
      for (const peer of [ours, ...peers]) await peer.close();
    }
  },
};

/** Everything beside the signature check of its own algorithm; what signs nothing, beside ES256. */
function againstRaw(measured: readonly Measured[]): Row[] {
  const algorithmOf = (name: string): SignedToken["algorithm"] =>
    ALGORITHMS.find((algorithm) => name.includes(algorithm)) ?? "ES256";
  return measured.map((one) => row("getSession", one, named(measured, rawName(algorithmOf(one.name)))));
}

/** How many times as long the peers take that the targets name. */
function againstPeers(measured: readonly Measured[]): Row[] {
  const compare = (one: string, reference: string): Row =>
    row("getSession, how many times ours", named(measured, one), named(measured, reference));
  return [
    compare(supertokensName("ES256"), OURS_CACHED),
    compare(supertokensName("ES256"), OURS_UNCACHED),
    compare("fast-jwt, cache", OURS_CACHED),
    compare("@fastify/jwt, cache", OURS_CACHED),
    compare("@fastify/session, memory", OURS_CACHED),
    compare("express-session, memory", OURS_CACHED),
  ];
}

/** What claims and validators cost, beside the same request without them. */
function againstPlain(measured: readonly Measured[]): Row[] {
  return measured
    .filter(({ name }) => name.startsWith(`${OURS_CACHED}, `))
    .map((one) => row("getSession, beside one without", one, named(measured, OURS_CACHED)));
}

function named(measured: readonly Measured[], name: string): Measured {
  const found = measured.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}
