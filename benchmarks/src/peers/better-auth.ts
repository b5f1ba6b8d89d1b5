import { DatabaseSync } from "node:sqlite";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { browserHeaders } from "../request.ts";
import { asking, type Peer } from "./peer.ts";

/**
 * `auth.api.getSession` from the cookie cache, and from the database: SQLite in memory, the fastest it can have. The
 * Fetch `Headers` it asks for are made once and not counted.
 */
export async function startBetterAuth(): Promise<Peer> {
  const cached = await signedIn(true);
  const stored = await signedIn(false);
  return {
    cases: [
      await asking("better-auth getSession, cookie cache", cached.userId, cached.ask),
      await asking("better-auth getSession, database", stored.userId, stored.ask),
    ],
    close() {
      cached.database.close();
      stored.database.close();
    },
  };
}

/** @returns the cookies of a user who has just signed in, and who they say it is */
export async function betterAuthApp(): Promise<{
  cookie: string;
  userId: string;
  whoIs(headers: Headers): Promise<string | undefined>;
}> {
  const { auth, cookie, userId } = await signedIn(true);
  return { cookie, userId, whoIs: async (headers) => (await auth.api.getSession({ headers }))?.user.id };
}

async function signedIn(isCookieCached: boolean) {
  const database = new DatabaseSync(":memory:");
  const auth = betterAuth({
    baseURL: "https://api.example.com",
    secret: "a secret of at least thirty-two characters",
    database,
    emailAndPassword: { enabled: true },
    logger: { disabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    session: isCookieCached ? { cookieCache: { enabled: true, maxAge: 3600 } } : {},
  });
  await (await getMigrations(auth.options)).runMigrations();
  const { headers, response } = await auth.api.signUpEmail({
    body: { email: "user@example.com", password: "a long password", name: "User" },
    returnHeaders: true,
  });
  const cookie = headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const sent = new Headers(browserHeaders(cookie));
  const ask = async (): Promise<string | undefined> =>
    (await auth.api.getSession({ headers: sent }))?.user.id;
  return { auth, cookie, database, userId: response.user.id, ask };
}
