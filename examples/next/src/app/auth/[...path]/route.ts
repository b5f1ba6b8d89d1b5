import { Session } from "../../../lib/session.ts";

export const { GET, POST } = Session.routeHandlers; // refresh, sign-out, JWKS and discovery
