import { type Measured, measure } from "../measure.ts";
import { startBetterAuth } from "../peers/better-auth.ts";
import { startExpressSession } from "../peers/express-session.ts";
import { COOKIE_FAST_JWT_CACHE, FAST_JWT_CACHE, startFastJwt } from "../peers/fast-jwt.ts";
import { startFastifyJwt } from "../peers/fastify-jwt.ts";
import { startFastifySession } from "../peers/fastify-session.ts";
import { startIronSession } from "../peers/iron-session.ts";
import { startJose } from "../peers/jose.ts";
import { OURS_CACHED, OURS_UNCACHED, startOurs } from "../peers/ours.ts";
import { OURS_ELSEWHERE, startOursElsewhere } from "../peers/ours-elsewhere.ts";
import type { SignedToken } from "../peers/peer.ts";
import { RAW_DER, rawName, rawVerify, rawVerifyDer } from "../peers/raw-verify.ts";
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
    "cookie",
    "fast-jwt",
    "jose",
  ],
  async run(effort) {
    const ours = await startOurs();
    const [es256, rs256, edDsa] = ours.tokens;
    const peers = [
      await startOursElsewhere(es256),
      await startSupertokens([es256, rs256]),
      await startJose(es256),
      await startJose(rs256),
      await startJose(edDsa),
      await startFastJwt(es256),
      await startFastJwt(rs256),
      await startFastJwt(edDsa),
      await startFastifyJwt(es256),
      await startExpressSession(),
      await startFastifySession(),
      await startIronSession(),
      await startBetterAuth(),
    ];
    try {
      const raw = [
        rawVerify(es256),
        rawVerifyDer(es256),
        rawVerify(rs256),
        rawVerify(edDsa),
        ...ours.sized.map(({ name, signed }) => rawVerifyDer(signed, `${RAW_DER}, ${name}`)),
      ];
      const measured = await measure([...raw, ...ours.cases, ...peers.flatMap(({ cases }) => cases)], effort);
      const sizes = ours.sized.map(({ name }) => name);
      const isSized = ({ name }: Measured): boolean => sizes.some((size) => name.endsWith(size));
      return [
        ...againstRaw(measured.filter((one) => !isSized(one))),
        ...againstDer(measured),
        ...againstPeers(measured),
        ...againstPlain(measured.filter((one) => !isSized(one))),
        ...bySize(measured, sizes),
      ];
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

/** Our ES256 rows once more, beside the cheapest check there is. */
function againstDer(measured: readonly Measured[]): Row[] {
  return [OURS_CACHED, OURS_UNCACHED, OURS_ELSEWHERE.cached, OURS_ELSEWHERE.uncached].map((name) =>
    row("getSession, beside the cheapest check", named(measured, name), named(measured, RAW_DER)),
  );
}

/** Beside the cheapest check of the same token; and cached, beside the smallest token there is. */
function bySize(measured: readonly Measured[], sizes: readonly string[]): Row[] {
  return sizes.flatMap((size) => [
    row(
      "getSession, by size of the token",
      named(measured, `${OURS_UNCACHED}, ${size}`),
      named(measured, `${RAW_DER}, ${size}`),
    ),
    row(
      "getSession, by size of the token",
      named(measured, `${OURS_CACHED}, ${size}`),
      named(measured, OURS_CACHED),
    ),
  ]);
}

/** How many times as long the peers take that the targets name. */
function againstPeers(measured: readonly Measured[]): Row[] {
  const compare = (one: string, reference: string): Row =>
    row("getSession, how many times ours", named(measured, one), named(measured, reference));
  return [
    compare(supertokensName("ES256"), OURS_CACHED),
    compare(supertokensName("ES256"), OURS_UNCACHED),
    compare(COOKIE_FAST_JWT_CACHE, OURS_CACHED),
    compare(FAST_JWT_CACHE, OURS_CACHED),
    compare(FAST_JWT_CACHE, OURS_ELSEWHERE.tokenCached),
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
