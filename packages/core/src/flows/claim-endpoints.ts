import type { ClaimEndpoint } from "../claims/claim-endpoint.js";
import type { UserContext } from "../claims/user-context.js";
import { requestPath } from "../config/normalise-path.js";
import type { Exchange } from "../http/exchange.js";
import { readJsonBody } from "../http/read-json-body.js";
import type { JsonObject } from "../runtime/json.js";
import { soonSettled } from "../runtime/maybe.js";
import { getSession } from "./guard.js";
import { memoOf } from "./request-memo.js";
import type { SessionCore } from "./session-core.js";

const TENANT_SEGMENT = /^\/[A-Za-z0-9-]+(?=\/)/;

/** The endpoint of a claim that a request is for; cheap for every other request. */
export function matchClaimEndpoint(core: SessionCore, { req }: Exchange): ClaimEndpoint | undefined {
  if (core.claimEndpoints.length === 0) return undefined;
  const path = core.config.gatewayPath + requestPath(req.url);
  const { basePath } = core.config;
  if (!path.startsWith(basePath)) return undefined;
  const rest = path.slice(basePath.length);
  const withoutTenant = rest.replace(TENANT_SEGMENT, "");
  const find = (wanted: string): ClaimEndpoint | undefined =>
    core.claimEndpoints.find((endpoint) => endpoint.method === req.method && endpoint.path === wanted);
  return find(rest) ?? find(withoutTenant);
}

/** Serves an endpoint of a claim: with the session, but without its claims being judged (claims.md 2.7). */
export async function serveClaimEndpoint(
  core: SessionCore,
  exchange: Exchange,
  endpoint: ClaimEndpoint,
  given: UserContext | undefined,
): Promise<JsonObject> {
  const { sessionRequired } = endpoint;
  const userContext = memoOf(core, exchange).userContext(given);
  const session = await getSession(
    core,
    exchange,
    { sessionRequired, overrideGlobalClaimValidators: () => [] },
    userContext,
  );
  return soonSettled(
    `the endpoint ${endpoint.path}`,
    endpoint.handle({
      session,
      body: () => readJsonBody(exchange.req),
      userContext,
      nowMs: core.engine.clock.wallMs(),
    }),
  );
}
