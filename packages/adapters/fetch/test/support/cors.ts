import type { FetchSession } from "../../src/index.js";

type Handle = (request: Request) => Response | Promise<Response>;

/** The CORS layer of docs/frameworks/fetch.md: it stands outside of everything, so around our answers too. */
export function cors(origin: string, session: FetchSession, handle: Handle): Handle {
  return async (request) => {
    if (request.headers.get("origin") !== origin) return handle(request);
    const isPreflight = request.method === "OPTIONS" && request.headers.has("access-control-request-method");
    const answer = isPreflight ? new Response(null, { status: 204 }) : await handle(request);
    if (answer.status === 101) return answer;
    const response = new Response(answer.body, answer);
    response.headers.set("access-control-allow-origin", origin);
    response.headers.set("access-control-allow-credentials", "true");
    response.headers.append("vary", "origin");
    if (isPreflight) {
      const names = ["content-type", ...session.getAllCORSHeaders()];
      response.headers.set("access-control-allow-headers", names.join(", "));
      response.headers.set("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE");
    }
    return response;
  };
}
