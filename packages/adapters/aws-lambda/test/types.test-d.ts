import middy7 from "@middy/core";
import type {
  ALBEvent,
  ALBHandler,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyHandler,
  APIGatewayProxyHandlerV2,
  APIGatewayRequestAuthorizerHandler,
  APIGatewayRequestIAMAuthorizerV2WithContextHandler,
  APIGatewayRequestSimpleAuthorizerHandlerV2WithContext,
  APIGatewayTokenAuthorizerHandler,
  Context,
  LambdaFunctionURLEvent,
  LambdaFunctionURLHandler,
} from "aws-lambda";
import middy6 from "middy6";
import {
  type AuthorizerContext,
  createSession,
  MemoryStore,
  type SessionContainer,
  type SessionEvent,
} from "../src/index.js";

const Session = createSession<{ payload: { plan: string } }>({ store: new MemoryStore() });
const ok = { statusCode: 200, body: "" };

/** Every event type of `@types/aws-lambda` goes in, every handler type comes out. */
export const rest: APIGatewayProxyHandler = Session.middleware(async (event: APIGatewayProxyEvent) => {
  await Session.createNewSession(event, event, "user-1", { plan: "pro" });
  return ok;
});
export const httpApi: APIGatewayProxyHandlerV2 = Session.middleware(
  async (event: APIGatewayProxyEventV2, context: Context) => ({
    message: context.awsRequestId + event.rawPath,
  }),
);
export const alb: ALBHandler = Session.middleware(async (_event: ALBEvent) => ok);
export const url: LambdaFunctionURLHandler = Session.verifySession(
  async (event: LambdaFunctionURLEvent) => event.rawPath,
);
export const endpoints: APIGatewayProxyHandlerV2 = Session.middleware();

/** The session is there, and typed, unless it is optional. */
Session.verifySession(async (event) => event.session.getAccessTokenPayload().plan.length);
Session.verifySession(async (event) => event.session.getUserId(), {
  overrideGlobalClaimValidators: async (globals, session) => (session.getUserId() === "" ? [] : [...globals]),
});
// @ts-expect-error it may be undefined
Session.verifySession(async (event) => event.session.getUserId(), { sessionRequired: false });
Session.verifySession(async (event) => event.session?.getUserId(), { sessionRequired: false });
Session.verifySession(async (event: SessionEvent<APIGatewayProxyEvent>) => event.session?.getUserId());
export const needsOne = (event: APIGatewayProxyEvent & { session: SessionContainer }) =>
  event.session.getUserId();

// @ts-expect-error results come as return values
Session.middleware((_event, _context, callback: () => void) => callback());
// @ts-expect-error an event of a queue is no HTTP request
Session.middleware(async (_event: { Records: unknown[] }) => ok);

/** Every kind of authorizer. */
export const tokenAuthorizer: APIGatewayTokenAuthorizerHandler = Session.authorizer();
export const requestAuthorizer: APIGatewayRequestAuthorizerHandler = Session.authorizer({
  checkDatabase: true,
});
export const policyAuthorizer: APIGatewayRequestIAMAuthorizerV2WithContextHandler<AuthorizerContext> =
  Session.authorizer({ enableSimpleResponses: false });
export const simpleAuthorizer: APIGatewayRequestSimpleAuthorizerHandlerV2WithContext<AuthorizerContext> =
  Session.authorizer({ enableSimpleResponses: true });
// @ts-expect-error a policy is no simple response
export const wrongAuthorizer: APIGatewayRequestSimpleAuthorizerHandlerV2WithContext<AuthorizerContext> =
  Session.authorizer();

/** What middy's handlers get is there in both versions' types. */
export const withMiddy6 = middy6(async (event: SessionEvent<APIGatewayProxyEventV2>) =>
  event.session?.getUserId(),
)
  .use(Session.sessionMiddy({ sessionRequired: false }))
  .before(async ({ event }) => event.rawPath.length);
export const withMiddy7 = middy7(async (event: SessionEvent<APIGatewayProxyEventV2>) =>
  event.session?.getUserId(),
)
  .use(Session.sessionMiddy({ onError: ({ type }) => ({ statusCode: 403, body: type }) }))
  .before(async ({ event }) => event.rawPath.length);
export const middyInside: APIGatewayProxyHandlerV2 = Session.middleware(withMiddy7);
