import type { LambdaEvent } from "../../src/index.js";

/** Requests as a router for functions would see them. */
interface Routed {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export function routed(event: LambdaEvent): Routed {
  const { http } = (event.requestContext ?? {}) as { http?: { method: string } };
  const [path = "/", query] = (event.rawPath ?? event.path ?? "/").split("?");
  const many = event.multiValueQueryStringParameters ?? event.queryStringParameters ?? {};
  const pairs = Object.entries(many).flatMap(([name, values]) =>
    [values ?? []].flat().map((value): [string, string] => [name, String(value)]),
  );
  return {
    method: event.httpMethod ?? http?.method ?? event.method ?? "GET",
    path,
    query: new URLSearchParams(event.rawQueryString ?? query ?? pairs),
  };
}

export function bodyOf({ body, isBase64Encoded }: LambdaEvent): string {
  return Buffer.from(String(body ?? ""), isBase64Encoded ? "base64" : "utf8").toString("utf8");
}
