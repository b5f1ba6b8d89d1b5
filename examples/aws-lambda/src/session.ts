import { Accounts, Lab } from "@acme/example-page";
import { createSession } from "@acme/session-aws-lambda";
import { createUserRoles } from "@acme/session-core/user-roles";
import { postgresStore } from "@acme/session-store-postgres";

/** The page's clock and its thief. An application has neither. */
export const lab = new Lab();

export const UserRoles = createUserRoles();

const { DATABASE_URL: url } = process.env;

export const Session = createSession({
  plugins: [UserRoles],
  // Without a server an SQLite file: on this machine only, as every instance of a function has a disk of its own.
  ...(url === undefined ? {} : { store: postgresStore({ url, clock: "engine" }) }), // "engine": the lab moves the clock
  ...lab.sessionOptions,
});

/** What the routes do with a session, whatever the framework. */
export const accounts = new Accounts(Session, UserRoles);
