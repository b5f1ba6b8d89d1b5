import { createUserRoles } from "@acme/session-core/user-roles";
import { createSession, MemoryStore } from "@acme/session-next";

// API routes may be bundled apart; a store in memory has to stand outside of them.
const shared = globalThis as { seedStore?: MemoryStore };
shared.seedStore ??= new MemoryStore();

export const UserRoles = createUserRoles();
export const Session = createSession({
  plugins: [UserRoles],
  store: shared.seedStore,
  allowTestValues: true,
  appInfo: {
    appName: "seed",
    apiDomain: "http://localhost:3000",
    websiteDomain: "http://localhost:3000",
    apiBasePath: "/api/seed/auth",
  },
});
export const superTokensNextWrapper = Session.nextWrapper;
