import { Session } from "../../../lib/session";

export const { GET, POST } = Session.routeHandlers;
