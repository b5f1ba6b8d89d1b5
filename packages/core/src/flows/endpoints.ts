import type { UserContext } from "../claims/user-context.js";
import { requestPath } from "../config/normalise-path.js";
import type { Exchange } from "../http/exchange.js";
import { matchClaimEndpoint, serveClaimEndpoint } from "./claim-endpoints.js";
import { memoOf } from "./request-memo.js";
import type { SessionCore } from "./session-core.js";
import { signOut } from "./sign-out.js";

type Endpoint = "refresh" | "sign-out" | "jwks" | "discovery";

const ROUTES: readonly { method: "GET" | "POST"; path: string; endpoint: Endpoint }[] = [
  { method: "POST", path: "/session/refresh", endpoint: "refresh" },
  { method: "POST", path: "/signout", endpoint: "sign-out" },
  { method: "GET", path: "/jwt/jwks.json", endpoint: "jwks" },
  { method: "GET", path: "/.well-known/openid-configuration", endpoint: "discovery" },
];
const TENANT_SEGMENT = /^\/[A-Za-z0-9-]+(?=\/)/;
const JSON_TYPE = "application/json; charset=utf-8";

/** The answer to a request that was ours. */
export interface Handled {
  /** What the adapter's `finish` returned. */
  native: unknown;
}

/**
 * Serves refresh, sign-out, JWKS and discovery (wire-contract.md 1.2). Method and path must match exactly, but for a
 * query string, one trailing slash and a tenant segment in front; headers never decide.
 *
 * @returns undefined when the request is not ours, or the endpoint has been switched off: the application goes on
 */
export async function handleEndpoint(
  core: SessionCore,
  exchange: Exchange,
  userContext?: UserContext | undefined,
): Promise<Handled | undefined> {
  const endpoint = matchEndpoint(core, exchange);
  switch (endpoint) {
    case "refresh": {
      if (core.apis.refreshPOST === undefined) return undefined;
      const context = memoOf(core, exchange).userContext(userContext);
      await core.apis.refreshPOST({ exchange, req: exchange.req, res: exchange.res, userContext: context });
      return sendJson(exchange, {});
    }
    case "sign-out": {
      const result = await signOut(core, exchange, userContext);
      return result && sendJson(exchange, result);
    }
    case "jwks":
      return sendJwks(core, exchange);
    case "discovery":
      exchange.res.setHeader("Access-Control-Allow-Origin", "*");
      return sendJson(exchange, discoveryDocument(core, exchange.req.header("host")));
    default: {
      const claimEndpoint = matchClaimEndpoint(core, exchange);
      if (claimEndpoint === undefined) return undefined;
      return sendJson(exchange, await serveClaimEndpoint(core, exchange, claimEndpoint, userContext));
    }
  }
}

/** Which of our endpoints a request is for; cheap for every other request. */
export function matchEndpoint(core: SessionCore, { req }: Exchange): Endpoint | undefined {
  const method = req.method === "HEAD" ? "GET" : req.method;
  if (method !== "POST" && method !== "GET") return undefined;
  const path = core.config.gatewayPath + requestPath(req.url);
  const { basePath } = core.config;
  if (!path.startsWith(basePath)) return undefined;
  const rest = path.slice(basePath.length);
  const route =
    ROUTES.find((candidate) => candidate.method === method && candidate.path === rest) ??
    ROUTES.find(
      (candidate) => candidate.method === method && candidate.path === rest.replace(TENANT_SEGMENT, ""),
    );
  return route?.endpoint;
}

/** One of our endpoints, for a host that wants to know its routes beforehand. */
export interface EndpointRoute {
  /** PUT only where a claim brings such an endpoint. */
  readonly method: "GET" | "POST" | "PUT";
  /** What requests have in front, e.g. `/auth`: a gateway's path is not part of it. A tenant segment may follow. */
  readonly basePath: string;
  /** E.g. `/session/refresh`. */
  readonly path: string;
}

/** The endpoints that are not switched off, and those that claims bring. */
export function endpointRoutes(core: SessionCore): EndpointRoute[] {
  const { basePath: full, gatewayPath } = core.config;
  const basePath = full.slice(gatewayPath.length);
  const own = ROUTES.filter(
    ({ endpoint }) =>
      !(endpoint === "refresh" && core.apis.refreshPOST === undefined) &&
      !(endpoint === "sign-out" && core.apis.signOutPOST === undefined),
  );
  return [...own, ...core.claimEndpoints].map(({ method, path }) => ({ method, basePath, path }));
}

/**
 * OpenID Connect Discovery 1.0 §3, as far as a verifier of our tokens needs it.
 *
 * @param host of the request: where `appInfo` is left out, in development, nothing else knows the port
 */
export function discoveryDocument(core: SessionCore, host?: string) {
  const { issuer, algorithm, basePath, website } = core.config;
  const isKnown = host === undefined || website !== undefined;
  return {
    issuer,
    jwks_uri: `${isKnown ? issuer : `http://${host}${basePath}`}/jwt/jwks.json`,
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [algorithm],
    response_types_supported: ["code"],
  };
}

async function sendJwks(core: SessionCore, exchange: Exchange): Promise<Handled> {
  const { keys, validityInSeconds } = await core.engine.keys.jwks();
  exchange.res.setHeader("Access-Control-Allow-Origin", "*");
  exchange.res.setHeader("Cache-Control", `public, max-age=${validityInSeconds}, must-revalidate`);
  return sendJson(exchange, { keys });
}

function sendJson({ req, res }: Exchange, body: unknown): Handled {
  res.setStatus(200);
  const text = JSON.stringify(body);
  return { native: res.finish(req.method === "HEAD" ? null : { contentType: JSON_TYPE, text }) };
}
