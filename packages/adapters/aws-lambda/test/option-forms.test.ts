import { optionForms } from "@acme/session-conformance";
import { createUserRoles } from "@acme/session-core/user-roles";
import middy from "@middy/core";
import { expect, it } from "vitest";
import { type AuthorizerOptions, createSession, MemoryStore, type SessionEvent } from "../src/index.js";

type PolicyOptions = AuthorizerOptions & { enableSimpleResponses?: false };

it.each(Object.entries(optionForms<PolicyOptions>({ roles: ["admin"] })))(
  "no user without the role gets past a guard whose options are %s",
  async (_form, options) => {
    const session = createSession({
      store: new MemoryStore(),
      logger: { debug() {}, info() {}, warn() {} },
      plugins: [createUserRoles()],
    });
    const made = await session.createNewSessionWithoutRequestResponse("user-1");
    const event = {
      version: "2.0",
      rawPath: "/",
      routeArn: "arn:aws:execute-api:eu-west-1:1:api/prod/GET/x",
      headers: { authorization: `Bearer ${made.getAccessToken()}` },
      requestContext: { http: { method: "GET" } },
    };
    const hello = async () => ({ statusCode: 200, body: "in" });
    const guarded = session.verifySession(hello, options) as (given: object) => Promise<object>;
    expect(await guarded({ ...event })).toMatchObject({ statusCode: 403 });
    const chain = middy(async (_event: SessionEvent) => hello()).use(session.sessionMiddy(options));
    expect(await chain({ ...event } as never, {} as never)).toMatchObject({ statusCode: 403 });
    const authorizer = session.authorizer(options) as (given: object) => Promise<object>;
    expect(await authorizer({ ...event })).toMatchObject({
      policyDocument: { Statement: [{ Effect: "Deny" }] },
    });
    await session.close();
  },
);
