import { personIn } from "@acme/example-page";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { accounts, lab, Session, UserRoles } from "./session.ts";

type Route = (event: APIGatewayProxyEventV2) => unknown;

/** What a handler returns is the body of a 200, unless it has a `statusCode`: so API Gateway has it. */
export const routes: { readonly [route: string]: Route } = {
  "POST /login": async (event) => {
    const userId = personIn(bodyOf(event));
    if (userId === undefined) return { statusCode: 400, body: '{"message":"nobody of that name"}' };
    const device = event.headers["user-agent"] ?? "unknown";
    await Session.createNewSession(event, event, userId, {}, { device });
    return { userId };
  },

  "GET /protected": Session.verifySession(async (event) => ({ userId: event.session.getUserId() })),

  "GET /optional": Session.verifySession(async (event) => ({ userId: event.session?.getUserId() ?? null }), {
    sessionRequired: false,
  }),

  "GET /admin": async (event) => {
    const session = await Session.getSession(event, event, {
      overrideGlobalClaimValidators: async (globalValidators) => [
        ...globalValidators,
        UserRoles.UserRoleClaim.validators.includes("admin"),
      ],
    });
    return { userId: session.getUserId(), secret: 42 };
  },

  "POST /role": async (event) => {
    const session = await Session.getSession(event, event);
    return accounts.setAdministrator(session, bodyOf(event));
  },

  "GET /sessions": async (event) => {
    const session = await Session.getSession(event, event, { checkDatabase: true });
    return accounts.list(session);
  },

  "POST /sessions": async (event) => {
    const session = await Session.getSession(event, event);
    await accounts.signInElsewhere(session);
    return { statusCode: 201, body: "{}" };
  },

  "POST /sessions/revoke": async (event) => {
    const session = await Session.getSession(event, event);
    return accounts.revoke(session, bodyOf(event));
  },

  // The lab: what the page needs to show in a minute what else takes an hour.
  "GET /lab": () => lab.facts(),
  "POST /lab/advance": (event) => lab.advance(bodyOf(event)),
  "POST /lab/meet": () => {
    lab.letRefreshesMeet();
    return {};
  },
  "POST /lab/replay": async (event) => {
    const session = await Session.getSession(event, event);
    return lab.replay(session.getHandle(), Number(new URL(`http://${event.headers.host}`).port));
  },
};

function bodyOf({ body = "", isBase64Encoded }: APIGatewayProxyEventV2): unknown {
  const text = isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;
  return text === "" ? undefined : JSON.parse(text);
}
