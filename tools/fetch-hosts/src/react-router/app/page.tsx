import type { SessionContainer } from "@acme/session-fetch";
import {
  type ActionFunctionArgs,
  createContext,
  type LoaderFunctionArgs,
  type MiddlewareFunction,
  redirect,
  useLoaderData,
} from "react-router";
import { current } from "../../current.ts";

const sessionContext = createContext<SessionContainer>();

/** A guard for a route and everything below it. */
export const middleware: MiddlewareFunction<Response>[] = [
  ({ request, context }, next) =>
    request.method === "POST"
      ? next()
      : current().session.withSession(request, (session) => {
          context.set(sessionContext, session);
          return next();
        }),
];

export function loader({ context }: LoaderFunctionArgs) {
  return { userId: context.get(sessionContext).getUserId() };
}

export async function action({ request }: ActionFunctionArgs) {
  const form = await request.formData();
  await current().session.createNewSession(request, undefined, String(form.get("user")));
  throw redirect("/page", { status: 303, headers: { "set-cookie": "form=1; Path=/" } });
}

export default function Page() {
  return <p>{useLoaderData<typeof loader>().userId}</p>;
}
