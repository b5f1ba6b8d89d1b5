import { renderToString } from "react-dom/server";
import { type EntryContext, type HandleErrorFunction, ServerRouter } from "react-router";
import { current } from "../../current.ts";

export default function handleRequest(
  request: Request,
  status: number,
  headers: Headers,
  context: EntryContext,
): Response {
  headers.set("content-type", "text/html");
  return new Response(renderToString(<ServerRouter context={context} url={request.url} />), {
    status,
    headers,
  });
}

export const handleError: HandleErrorFunction = (error, { request }) => {
  const { app, session } = current();
  if (error instanceof Error && !session.caught(request, error)) app.sawForeignError(error);
};
