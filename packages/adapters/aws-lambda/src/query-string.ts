import type { EventKind } from "./event-kind.js";
import type { LambdaEvent } from "./lambda-event.js";

/** The query string of a request without `?`, as the client sent it or written anew; empty when there is none. */
export function queryStringOf(event: LambdaEvent, kind: EventKind): string {
  if (kind === "http-2.0") return event.rawQueryString ?? "";
  const parameters = event.multiValueQueryStringParameters ?? event.queryStringParameters ?? {};
  // A load balancer hands names and values on as they were sent, everybody else decodes them.
  const encode = kind.startsWith("alb") ? (text: string) => text : encodeURIComponent;
  const pairs: string[] = [];
  for (const [name, values] of Object.entries(parameters)) {
    if (values === undefined || values === null) continue;
    for (const value of typeof values === "string" ? [values] : values) {
      pairs.push(`${encode(name)}=${encode(value)}`);
    }
  }
  return pairs.join("&");
}
