import {
  type AnySessionError,
  type SessionContainer,
  SessionError,
  type VerifySessionOptions,
} from "@acme/session-core";
import { invalidArgument, withoutReservedClaims } from "@acme/session-core/adapter";
import { kindOf } from "./event-kind.js";
import type { LambdaEvent } from "./lambda-event.js";

/** `authorizer` beside what `getSession` takes. */
export interface AuthorizerOptions extends VerifySessionOptions {
  /** As the authorizer's setting of the same name says. Default false: a policy, which every API takes. */
  enableSimpleResponses?: boolean | undefined;
}

/** What API Gateway asks a TOKEN or REQUEST authorizer with; payload formats 1.0 and 2.0 of an HTTP API too. */
export interface AuthorizerEvent extends LambdaEvent {
  readonly type?: string | undefined;
  readonly authorizationToken?: string | undefined;
  readonly methodArn?: string | undefined;
  readonly routeArn?: string | undefined;
}

/**
 * What the function behind the API finds in `requestContext.authorizer`: `userId`, `tenantId`, `sessionHandle`, and
 * `claims` as JSON, since a REST API takes no objects. Nothing without a session; when claims were refused,
 * `claimValidationErrors` as JSON, for the templates of a REST API's gateway responses.
 */
export type AuthorizerContext = { [name: string]: string };

export interface PolicyAnswer {
  principalId: string;
  policyDocument: {
    Version: string;
    Statement: { Action: string; Effect: "Allow" | "Deny"; Resource: string }[];
  };
  context: AuthorizerContext;
}

export interface SimpleAnswer {
  isAuthorized: boolean;
  context: AuthorizerContext;
}

export type PolicyAuthorizer = (event: AuthorizerEvent) => Promise<PolicyAnswer>;
export type SimpleAuthorizer = (event: AuthorizerEvent) => Promise<SimpleAnswer>;

interface Decision {
  readonly isAllowed: boolean;
  readonly principalId: string;
  readonly context: AuthorizerContext;
}

/** API Gateway wants a name for everybody, in its logs. */
const NOBODY = "nobody";
const STAGE = /^arn:[^:]+:execute-api:[^:]*:[^:]*:[^/]+\/[^/]+(?=\/)/;

export type FindSession = (event: LambdaEvent) => Promise<SessionContainer | undefined>;

export function policyAuthorizer(find: FindSession): PolicyAuthorizer {
  return async (event) => {
    const { isAllowed, principalId, context } = await decide(event, find);
    const Effect = isAllowed ? "Allow" : "Deny";
    return {
      principalId,
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect, Resource: everythingIn(event) }],
      },
      context,
    };
  };
}

export function simpleAuthorizer(find: FindSession): SimpleAuthorizer {
  return async (event) => {
    if (event?.version !== "2.0") {
      throw invalidArgument(
        "enableSimpleResponses is for HTTP APIs with payload format 2.0; leave it out for this authorizer, and it answers with a policy",
      );
    }
    const { isAllowed, context } = await decide(event, find);
    return { isAuthorized: isAllowed, context };
  };
}

/**
 * @throws Error `Unauthorized`, word for word, which is how an authorizer says 401; every other error is a 500, as it
 *         should be when nobody can say whether there is a session
 */
async function decide(event: AuthorizerEvent, find: FindSession): Promise<Decision> {
  try {
    const session = await find(requestOf(event));
    return {
      isAllowed: true,
      principalId: session?.getUserId() ?? NOBODY,
      context: session === undefined ? {} : contextOf(session),
    };
  } catch (error) {
    if (!SessionError.is(error)) throw error;
    const ours = error as AnySessionError;
    switch (ours.type) {
      case "UNAUTHORISED":
      case "TRY_REFRESH_TOKEN":
        throw new Error("Unauthorized", { cause: error });
      case "INVALID_CLAIMS":
        return {
          isAllowed: false,
          principalId: NOBODY,
          context: { claimValidationErrors: JSON.stringify(ours.payload) },
        };
      default:
        throw error;
    }
  }
}

function contextOf(session: SessionContainer): AuthorizerContext {
  return {
    userId: session.getUserId(),
    tenantId: session.getTenantId(),
    sessionHandle: session.getHandle(),
    claims: JSON.stringify(withoutReservedClaims(session.getAccessTokenPayload())),
  };
}

/** A TOKEN authorizer gets the one header, and nothing else of the request. */
function requestOf(event: AuthorizerEvent): LambdaEvent {
  if (typeof event !== "object" || event === null || everythingIn(event) === "") throw notAsked();
  if (event.type === "TOKEN") {
    return { httpMethod: "GET", headers: { authorization: event.authorizationToken } };
  }
  if (kindOf(event) === undefined) throw notAsked();
  return event;
}

function notAsked(): Error {
  return invalidArgument(
    "an authorizer is called by API Gateway only: make Session.authorizer() the function of a TOKEN or REQUEST authorizer of a REST or HTTP API",
  );
}

/** API Gateway remembers a policy and asks it for other routes of the stage too: one for this route alone would refuse them. */
function everythingIn({ methodArn, routeArn }: AuthorizerEvent): string {
  const stage = STAGE.exec(methodArn ?? routeArn ?? "")?.[0];
  return stage === undefined ? "" : `${stage}/*`;
}
