import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { Session, UserRoles } from "../../lib/session.ts";

/** A server component reads the session, and never changes it: where the token has expired, a page has to refresh. */
export default async function Account(): Promise<ReactNode> {
  const found = await Session.getServerSession();
  if (found.status === "expired") redirect("/");
  if (found.status !== "authenticated") {
    return (
      <p>
        Nobody is signed in. <a href="/">Sign in</a>
      </p>
    );
  }
  const { session } = found;
  const roles = (await session.getClaimValue(UserRoles.UserRoleClaim)) ?? [];
  return (
    <p>
      Signed in as <b>{session.getUserId()}</b>, {roles.length === 0 ? "without a role" : roles.join(", ")}.{" "}
      <a href="/">Back</a>
    </p>
  );
}
