import { type MiddlewareFunction, Outlet } from "react-router";
import { current } from "../../current.ts";

export const middleware: MiddlewareFunction<Response>[] = [
  ({ request }, next) => current().around(() => next())(request) as Promise<Response>,
];

export default function Root() {
  return (
    <html lang="en">
      <body>
        <Outlet />
      </body>
    </html>
  );
}
