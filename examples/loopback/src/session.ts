import { Accounts, Lab } from "@acme/example-page";
import { createUserRoles } from "@acme/session-core/user-roles";
import { createSession } from "@acme/session-loopback";

/** The page's clock and its thief. An application has neither. */
export const lab = new Lab();

export const UserRoles = createUserRoles();

export const Session = createSession({ plugins: [UserRoles], ...lab.sessionOptions });

/** What the routes do with a session, whatever the framework. */
export const accounts = new Accounts(Session, UserRoles);
