import type { FetchSession, VerifySessionOptions } from "../src/index.js";
import { createSession } from "../src/index.js";

declare const request: Request;
declare const maybe: boolean;
declare const unknownOptions: VerifySessionOptions;

/** Checked by `tsc`, never run: what a guard's handler is given. */
export function guards(Session: FetchSession): void {
  void Session.withSession(request, (session) => new Response(session.getUserId()));
  void Session.withSession(request, (session) => new Response(session.getUserId()), {
    checkDatabase: true,
    overrideGlobalClaimValidators: (globalValidators) => [...globalValidators],
  });
  void Session.withSession(request, (session) => new Response(session?.getUserId()), {
    sessionRequired: false,
    overrideGlobalClaimValidators: (globalValidators) => [...globalValidators],
  });
  void Session.withSession(
    request,
    // @ts-expect-error there may be none
    (session) => new Response(session.getUserId()),
    { sessionRequired: maybe },
  );
  // @ts-expect-error not known
  void Session.withSession(request, (session) => new Response(session.getUserId()), unknownOptions);
}

/** Options from an environment make one instance for each; options make one. */
export function environments(): void {
  const sessionOf = createSession((env: { SECRET: string }) => ({ secret: env.SECRET }));
  void sessionOf({ SECRET: "1" }).getSession(request, undefined);
  // @ts-expect-error which environment?
  void sessionOf.getSession(request, undefined);
  void createSession({ secret: "1" }).getSession(request, undefined);
  // @ts-expect-error no such option
  createSession({ secrets: "1" });
}
