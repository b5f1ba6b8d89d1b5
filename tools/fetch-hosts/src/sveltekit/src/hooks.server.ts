import type { Handle, HandleServerError } from "@sveltejs/kit/hooks";
import { current } from "../../current.ts";

export const handle: Handle = ({ event, resolve }) => current().around(() => resolve(event))(event.request);

export const handleError: HandleServerError = ({ error, event, kind }) => {
  const { app, session } = current();
  if (!session.caught(event.request, error) && kind === "unknown") app.sawForeignError(error);
};
