import { createUserRoles } from "@acme/session-core/user-roles";
import { createSession, MemoryStore } from "@acme/session-loopback";

/** Stands still until the test moves it. */
export const clock = { nowMs: 1_800_000_000_000, wallMs: () => clock.nowMs, monoMs: () => clock.nowMs };

export const UserRoles = createUserRoles();
export const Session = createSession({ plugins: [UserRoles], store: new MemoryStore(), clock });
