import type { Invoker } from "./make-event.ts";

/** What the service sends to the client. */
export interface Answer {
  readonly status: number;
  /** One line each. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** The service takes the result for malformed and answers 502. */
class MalformedResult extends Error {}

type Members = Readonly<Record<string, unknown>>;
const V1_MEMBERS = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];

/**
 * Reads a result as strictly as the service does: what it would ignore is ignored, what it would refuse is refused.
 *
 * @param result after `JSON.parse(JSON.stringify(…))`
 * @throws MalformedResult
 */
export function readResult(invoker: Invoker, result: unknown): Answer {
  switch (invoker) {
    case "http-2.0":
    case "function-url":
      return readPayload2(result);
    case "lattice":
      return answer(members(result, [...V1_MEMBERS, "statusDescription"]), latticeHeaders);
    case "alb-multi":
      return answer(members(result, [...V1_MEMBERS, "statusDescription"]), (given) => multi(given));
    case "alb-single":
      return answer(members(result, [...V1_MEMBERS, "statusDescription"]), (given) => single(given));
    default:
      return answer(members(result, V1_MEMBERS), (given) => [...single(given), ...multi(given)]);
  }
}

/** Without `statusCode` the whole result is the body. */
function readPayload2(result: unknown): Answer {
  if (typeof result !== "object" || result === null || !("statusCode" in result)) {
    const text = typeof result === "string" ? result : JSON.stringify(result);
    return { status: 200, headers: [["content-type", "application/json"]], body: Buffer.from(text) };
  }
  return answer(result as Members, (given) => {
    const { cookies = [] } = given;
    if (!isList(cookies)) throw new MalformedResult("cookies is no list of strings");
    const headers = Object.entries((given.headers ?? {}) as Members);
    return [
      // A list becomes what String() makes of it, so that code which writes one is seen to fail.
      ...headers.map(([name, value]) => [name, String(value)] as const),
      ...cookies.map((line) => ["set-cookie", String(line)] as const),
    ];
  });
}

function answer(given: Members, headersOf: (given: Members) => Answer["headers"]): Answer {
  const { statusCode, body = "", isBase64Encoded = false } = given;
  if (!Number.isInteger(statusCode)) throw new MalformedResult("statusCode is no integer");
  if (body !== null && typeof body !== "string") throw new MalformedResult("body is no string");
  if (typeof isBase64Encoded !== "boolean") throw new MalformedResult("isBase64Encoded is no boolean");
  return {
    status: Number(statusCode),
    headers: headersOf(given),
    body: Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8"),
  };
}

function members(result: unknown, known: readonly string[]): Members {
  if (typeof result !== "object" || result === null) throw new MalformedResult("the result is no object");
  for (const name of Object.keys(result)) {
    if (!known.includes(name)) throw new MalformedResult(`unknown member ${name}`);
  }
  return result as Members;
}

function single({ headers }: Members): Answer["headers"] {
  return Object.entries((headers ?? {}) as Members).map(([name, value]) => {
    if (!isScalar(value)) throw new MalformedResult(`header ${name} is no scalar`);
    return [name, String(value)];
  });
}

function multi({ multiValueHeaders }: Members): Answer["headers"] {
  return Object.entries((multiValueHeaders ?? {}) as Members).flatMap(([name, values]) => {
    if (!isList(values)) throw new MalformedResult(`multi-value header ${name} is no list of scalars`);
    return values.map((value) => [name, String(value)] as const);
  });
}

function latticeHeaders({ headers }: Members): Answer["headers"] {
  return Object.entries((headers ?? {}) as Members).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, String(one)] as const),
  );
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.every(isScalar);
}
