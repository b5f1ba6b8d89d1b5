import type { LambdaEvent } from "./lambda-event.js";

/**
 * Who invoked the function, as far as it decides where cookies stand:
 * - `rest`: API Gateway REST, and Netlify's classic functions; `http-1.0`, `http-2.0`: HTTP API by payload format, the
 *   latter function URLs too
 * - `alb-multi`, `alb-single`: a load balancer, whose target group has multi-value headers on or off
 * - `lattice`: VPC Lattice, event version 2.0
 */
export type EventKind = "rest" | "http-1.0" | "http-2.0" | "alb-multi" | "alb-single" | "lattice";

/** The members of every kind's request context that tell kinds apart. */
export interface RequestContext {
  readonly elb?: unknown;
  readonly http?: { readonly method?: string } | undefined;
  readonly serviceArn?: unknown;
  readonly stage?: string | undefined;
}

export function contextOf(event: LambdaEvent): RequestContext {
  return event.requestContext ?? {};
}

/** Undefined for events that are no HTTP request. `version` alone proves nothing: HTTP API 1.0 has one too. */
export function kindOf(event: LambdaEvent): EventKind | undefined {
  const context = contextOf(event);
  if (context.elb !== undefined) return event.multiValueHeaders ? "alb-multi" : "alb-single";
  if (typeof context.http === "object" && context.http !== null) return "http-2.0";
  if (context.serviceArn !== undefined) return "lattice";
  if (typeof event.httpMethod !== "string") return undefined;
  return event.version === "1.0" ? "http-1.0" : "rest";
}
