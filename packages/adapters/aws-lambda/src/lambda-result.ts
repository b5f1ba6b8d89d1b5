import type { EventKind } from "./event-kind.js";

export type Scalar = string | number | boolean;

/** What a wrapped handler answers with: fits the result types of `@types/aws-lambda` for every kind of event. */
export interface LambdaResult {
  statusCode: number;
  statusDescription?: string;
  headers?: { [name: string]: Scalar };
  multiValueHeaders?: { [name: string]: Scalar[] };
  /** `Set-Cookie` lines; payload format 2.0 only. */
  cookies?: string[];
  body: string;
  isBase64Encoded?: boolean;
}

const MEMBERS = ["headers", "multiValueHeaders", "cookies", "body", "isBase64Encoded", "statusDescription"];

/**
 * A handler's result as a full one that may be written to; its body stays. Payload format 2.0 takes an object without
 * `statusCode` for the body; the other kinds do so here too, unless it has nothing but members of an answer. Nothing at
 * all is an empty 200.
 */
export function structuredResult(value: unknown, kind: EventKind): LambdaResult {
  if (value === undefined || value === null) return { statusCode: 200, body: "" };
  if (typeof value !== "object" || !isAnswer(value, kind)) return inferredResult(value, kind);
  const answer = value as Partial<LambdaResult>;
  return {
    ...answer,
    statusCode: answer.statusCode ?? 200,
    body: answer.body ?? "",
    ...(answer.headers ? { headers: { ...answer.headers } } : {}),
    ...(answer.multiValueHeaders ? { multiValueHeaders: { ...answer.multiValueHeaders } } : {}),
    ...(answer.cookies ? { cookies: [...answer.cookies] } : {}),
  };
}

function isAnswer(value: object, kind: EventKind): boolean {
  if ("statusCode" in value) return true;
  if (kind === "http-2.0" || Array.isArray(value)) return false;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => MEMBERS.includes(name));
}

function inferredResult(value: unknown, kind: EventKind): LambdaResult {
  const body = typeof value === "string" ? value : JSON.stringify(value);
  return { statusCode: 200, ...contentType("application/json", kind), body, isBase64Encoded: false };
}

/** In the member where this kind of event has its headers. */
export function contentType(
  type: string,
  kind: EventKind,
): Pick<LambdaResult, "headers" | "multiValueHeaders"> {
  return kind === "alb-multi"
    ? { multiValueHeaders: { "content-type": [type] } }
    : { headers: { "content-type": type } };
}
