import type { IncomingMessage } from "node:http";

/** Who invokes the function. */
export type Invoker =
  | "rest"
  | "http-1.0"
  | "http-2.0"
  | "function-url"
  | "alb-multi"
  | "alb-single"
  | "lattice"
  | "netlify";

export interface Placement {
  /** Stage of the API, e.g. `dev`. Default `$default`, for REST `prod`. */
  readonly stage?: string | undefined;
  /** Key of the API mapping of a custom domain, e.g. `v1`. */
  readonly mapping?: string | undefined;
}

type Pairs = [name: string, value: string][];
const TEXT = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded))/;

/** The event of one request, as the service that `invoker` names documents it. */
export function makeEvent(
  invoker: Invoker,
  request: IncomingMessage,
  body: Buffer,
  { stage, mapping }: Placement = {},
): object {
  const [path = "/", query = ""] = (request.url ?? "/").split("?");
  const headers = pairsOf(request.rawHeaders);
  const parameters: Pairs = [...new URLSearchParams(query)];
  const method = request.method ?? "GET";
  const type = request.headers["content-type"];
  const isBase64Encoded =
    body.length > 0 && (!TEXT.test(type ?? "") || request.headers["content-encoding"] !== undefined);
  const text = body.toString(isBase64Encoded ? "base64" : "utf8");
  const mapped = mapping === undefined ? path : `/${mapping}${path}`;

  switch (invoker) {
    case "rest": {
      const isDefaultDomain = mapping === undefined;
      return {
        resource: "/{proxy+}",
        path: mapped,
        httpMethod: method,
        headers: orNull(lastOf(headers)),
        multiValueHeaders: orNull(listsOf(headers)),
        queryStringParameters: orNull(lastOf(parameters)),
        multiValueQueryStringParameters: orNull(listsOf(parameters)),
        pathParameters: { proxy: path.slice(1) },
        stageVariables: null,
        requestContext: {
          resourcePath: "/{proxy+}",
          httpMethod: method,
          path: isDefaultDomain ? `/${stage ?? "prod"}${path}` : mapped,
          protocol: "HTTP/1.1",
          stage: stage ?? "prod",
          requestId: "request-1",
          apiId: "api-1",
          identity: { sourceIp: "192.0.2.1" },
        },
        body: text === "" ? null : text,
        isBase64Encoded,
      };
    }
    case "http-1.0":
      return {
        version: "1.0",
        resource: "$default",
        path: stage === undefined || mapping !== undefined ? mapped : `/${stage}${path}`,
        httpMethod: method,
        headers: lastOf(lowerCased(headers)),
        multiValueHeaders: listsOf(lowerCased(headers)),
        queryStringParameters: orNull(lastOf(parameters)),
        multiValueQueryStringParameters: orNull(listsOf(parameters)),
        pathParameters: null,
        stageVariables: null,
        requestContext: { httpMethod: method, stage: stage ?? "$default", requestId: "request-1" },
        body: text === "" ? null : text,
        isBase64Encoded,
      };
    case "http-2.0":
    case "function-url": {
      const { cookie, ...others } = listsOf(lowerCased(headers));
      const rawPath = stage === undefined ? path : `/${stage}${path}`;
      return {
        version: "2.0",
        routeKey: "$default",
        rawPath,
        rawQueryString: query,
        ...(cookie === undefined ? {} : { cookies: cookie.flatMap((line) => line.split(/; ?/)) }),
        headers: mapValues(others, (values) => values.join(",")),
        ...(query === ""
          ? {}
          : { queryStringParameters: mapValues(listsOf(parameters), (values) => values.join(",")) }),
        requestContext: {
          domainName: invoker === "function-url" ? "id.lambda-url.eu-west-1.on.aws" : "api.example.com",
          http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" },
          requestId: "request-1",
          routeKey: "$default",
          stage: stage ?? "$default",
        },
        ...(text === "" ? {} : { body: text }),
        isBase64Encoded,
      };
    }
    case "alb-multi":
    case "alb-single": {
      const isMulti = invoker === "alb-multi";
      const sent = rawParameters(query);
      return {
        requestContext: { elb: { targetGroupArn: "arn:aws:elasticloadbalancing:target-group/1" } },
        httpMethod: method,
        path,
        ...(isMulti
          ? {
              multiValueQueryStringParameters: listsOf(sent),
              multiValueHeaders: listsOf(lowerCased(headers)),
            }
          : { queryStringParameters: lastOf(sent), headers: lastOf(lowerCased(headers)) }),
        body: text,
        isBase64Encoded,
      };
    }
    case "lattice":
      return {
        version: "2.0",
        path,
        method,
        headers: listsOf(lowerCased(headers)),
        ...(query === "" ? {} : { queryStringParameters: listsOf(parameters) }),
        ...(text === "" ? {} : { body: text }),
        isBase64Encoded,
        requestContext: { serviceArn: "arn:aws:vpc-lattice:service/1", region: "eu-west-1" },
      };
    case "netlify":
      return {
        rawUrl: `https://site.example.com${request.url ?? "/"}`,
        rawQuery: query,
        path,
        httpMethod: method,
        headers: lastOf(lowerCased(headers)),
        multiValueHeaders: listsOf(lowerCased(headers)),
        queryStringParameters: lastOf(parameters),
        multiValueQueryStringParameters: listsOf(parameters),
        body: text === "" ? null : text,
        isBase64Encoded,
      };
  }
}

function pairsOf(raw: readonly string[]): Pairs {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ""]] : []) as Pairs);
}

function lowerCased(pairs: Pairs): Pairs {
  return pairs.map(([name, value]) => [name.toLowerCase(), value]);
}

function lastOf(pairs: Pairs): Record<string, string> {
  return Object.fromEntries(pairs);
}

function listsOf(pairs: Pairs): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const [name, value] of pairs) lists[name] = [...(lists[name] ?? []), value];
  return lists;
}

/** A load balancer decodes nothing. */
function rawParameters(query: string): Pairs {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const [name = "", ...rest] = pair.split("=");
      return [name, rest.join("=")];
    });
}

function mapValues<T, U>(record: Record<string, T>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function orNull(record: object): object | null {
  return Object.keys(record).length === 0 ? null : record;
}
