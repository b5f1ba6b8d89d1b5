import type { APIGatewayProxyEventV2 } from "aws-lambda";
import { routes } from "./routes.ts";
import { Session } from "./session.ts";

/** The function behind an HTTP API's `$default` route: our endpoints under /auth, the routes, our errors, our cookies. */
export const handler = Session.middleware(async (event: APIGatewayProxyEventV2) => {
  const { method, path } = event.requestContext.http;
  return routes[`${method} ${path}`]?.(event) ?? { statusCode: 404, body: '{"message":"not found"}' };
});
