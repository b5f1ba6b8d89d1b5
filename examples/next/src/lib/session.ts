import { Accounts, Lab } from "@acme/example-page/backend";
import { sqliteStore } from "@acme/session-core/sqlite";
import { createUserRoles } from "@acme/session-core/user-roles";
import { createSession } from "@acme/session-next";

function start() {
  /** The page's clock and its thief. An application has neither. */
  const lab = new Lab();
  const UserRoles = createUserRoles();
  const origin = process.env.ORIGIN ?? "http://localhost:3000";
  const Session = createSession({
    appInfo: { appName: "example", apiDomain: origin, websiteDomain: origin },
    // `next build` and `next start` count as production, which wants a store by name.
    store: sqliteStore({ path: ".sessions/sessions.db" }),
    plugins: [UserRoles],
    ...lab.sessionOptions,
  });
  /** What the routes do with a session, whatever the framework. */
  const accounts = new Accounts(Session, UserRoles);
  return { lab, UserRoles, Session, accounts };
}

// Next evaluates this file once for each of its bundles. A session instance would not mind; the lab's clock must be one.
const shared = globalThis as { example?: ReturnType<typeof start> };
shared.example ??= start();

export const { lab, UserRoles, Session, accounts } = shared.example;
