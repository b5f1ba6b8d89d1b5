/** Which authorizer an API has: of a REST API, or of an HTTP API by payload format; `simple` is 2.0 with simple responses. */
export type AuthorizerFormat = "token" | "request" | "1.0" | "2.0" | "simple";

export interface AuthorizerSettings {
  readonly format: AuthorizerFormat;
  readonly handler: (event: never, context: never) => unknown;
  /** Whether the route of this path has the authorizer. */
  guards(path: string): boolean;
}

/** What the authorizer has led to: the context for the function, or the status of the refusal. */
export type Authorization = { readonly context: object } | { readonly status: 401 | 403 | 500 };

type Members = Readonly<Record<string, unknown>>;

/** The event of the function, as far as it is used here. */
interface FunctionEvent extends Members {
  readonly path?: string;
  readonly rawPath?: string;
  readonly headers?: Readonly<Record<string, string>> | null;
  readonly requestContext: Members & { readonly stage: string; readonly http?: { readonly method: string } };
  readonly httpMethod?: string;
}

/** Asks the authorizer as API Gateway does, without remembering its answer, and reads that as strictly. */
export async function authorize(
  { format, handler }: AuthorizerSettings,
  functionEvent: object,
  onFailure: ((error: unknown) => void) | undefined,
): Promise<Authorization> {
  const event = functionEvent as FunctionEvent;
  const arn = arnOf(event);
  const asked = authorizerEvent(format, event, arn);
  if (asked === undefined) return { status: 401 };
  try {
    const given: unknown = await handler(JSON.parse(JSON.stringify(asked)) as never, {} as never);
    const answer = JSON.parse(JSON.stringify(given ?? null)) as Members | null;
    return format === "simple" ? readSimple(answer) : readPolicy(answer, arn, format);
  } catch (error) {
    if (error instanceof Error && error.message === "Unauthorized") return { status: 401 };
    onFailure?.(error);
    return { status: 500 };
  }
}

/** The function's event with the context where this kind of API has it. */
export function withContext(format: AuthorizerFormat, event: object, context: object): object {
  const { requestContext } = event as FunctionEvent;
  const authorizer = format === "2.0" || format === "simple" ? { lambda: context } : context;
  return { ...event, requestContext: { ...requestContext, authorizer } };
}

function arnOf({ requestContext, httpMethod, path, rawPath }: FunctionEvent): string {
  const method = httpMethod ?? requestContext.http?.method ?? "";
  return `arn:aws:execute-api:eu-west-1:123456789012:api-1/${requestContext.stage}/${method}${rawPath ?? path}`;
}

/** @returns undefined when a TOKEN authorizer's header is missing: then nobody is asked */
function authorizerEvent(format: AuthorizerFormat, event: FunctionEvent, arn: string): object | undefined {
  const { body: _, isBase64Encoded: __, ...request } = event;
  switch (format) {
    case "token": {
      const found = Object.entries(event.headers ?? {}).find(([name]) => /^authorization$/i.test(name));
      return found && { type: "TOKEN", methodArn: arn, authorizationToken: found[1] };
    }
    case "request":
      return { type: "REQUEST", methodArn: arn, ...request };
    case "1.0":
      return { ...request, version: "1.0", type: "REQUEST", methodArn: arn, identitySource: "" };
    default:
      return { ...request, version: "2.0", type: "REQUEST", routeArn: arn, identitySource: null };
  }
}

function readSimple(answer: Members | null): Authorization {
  const { isAuthorized, context = {} } = answer ?? {};
  if (typeof isAuthorized !== "boolean") throw new Error("isAuthorized is no boolean");
  return isAuthorized ? { context: context as object } : { status: 403 };
}

function readPolicy(answer: Members | null, arn: string, format: AuthorizerFormat): Authorization {
  const { principalId, policyDocument, context = {} } = answer ?? {};
  if (typeof principalId !== "string" || principalId === "")
    throw new Error("No principalId in the response");
  for (const [name, value] of Object.entries(context as Members)) {
    if (!["string", "number", "boolean"].includes(typeof value))
      throw new Error(`context.${name} is no scalar`);
  }
  const { Version, Statement } = policyDocument as { Version: string; Statement: Members[] };
  if (Version !== "2012-10-17") throw new Error("Version is none that policies have");
  const effects = Statement.filter(
    ({ Action, Resource }) => Action === "execute-api:Invoke" && matches(String(Resource), arn),
  ).map(({ Effect }) => Effect);
  if (!effects.includes("Allow") || effects.includes("Deny")) return { status: 403 };
  return { context: format === "2.0" ? (context as object) : { principalId, ...(context as object) } };
}

function matches(pattern: string, arn: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.$+?()[\]{}|\\^]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(arn);
}
