import { attemptRefreshingSession, doesSessionExist, init, signOut } from "supertokens-website";
import { api } from "./api.ts";
import { element, make, onClick } from "./elements.ts";
import { log } from "./event-log.ts";
import { storedFrontToken } from "./front-token.ts";
import { TokenHistory } from "./history.ts";
import { TokenPicture } from "./picture.ts";
import { ServerClock } from "./server-clock.ts";
import { TwoTabs } from "./two-tabs.ts";

interface Facts {
  nowMs: number;
  accessTokenSeconds: number;
  graceSeconds: number;
  databaseFile: string;
  refreshes: number;
}

interface ListedSession {
  sessionHandle: string;
  device: string;
  timeCreated: number;
  isThisOne: boolean;
}

const PEOPLE = ["ada", "grace", "linus"];
const HEARTBEAT_MS = 3000;
const FRAME_MS = 200;

const clock = new ServerClock();
const history = new TokenHistory();

init({
  apiDomain: location.origin,
  onHandleEvent: (event) => {
    switch (event.action) {
      case "REFRESH_SESSION":
        log("↻", "The client refreshed: a new access token, and a new refresh token.");
        break;
      case "UNAUTHORISED":
        if (event.sessionExpiredOrRevoked) log("!", "The session has ended; this browser is signed out.");
        break;
      case "SIGN_OUT":
        log("→", "Signed out.");
        break;
    }
    look();
  },
});

const { body: facts } = await api<Facts>("GET", "/lab");
const graceMs = facts.graceSeconds * 1000;
const picture = new TokenPicture(element("picture"), graceMs);
clock.set(facts.nowMs);
element("token-seconds").textContent = String(facts.accessTokenSeconds);
element("database-file").textContent = facts.databaseFile;

/** Looks at the token the client holds, and shows it. */
function look(): void {
  const token = storedFrontToken();
  history.observe(token, clock.nowMs());
  const isSignedIn = token !== undefined;
  element("picture-card").hidden = history.lives.length === 0;
  if (isSignedIn && !document.body.classList.contains("is-signed-in")) void listSessions();
  document.body.classList.toggle("is-signed-in", isSignedIn);
  if (token === undefined) return;
  const { up } = token;
  element("user-id").textContent = up.sub;
  element("role").textContent = isAdmin(up) ? "admin" : "none";
  element("change-role").textContent = isAdmin(up) ? "Take the role away" : "Make me administrator";
  showClaims(up);
}

function isAdmin(payload: Record<string, unknown>): boolean {
  const roles = payload["st-role"] as { v: string[] } | undefined;
  return roles?.v.includes("admin") ?? false;
}

let shownClaims = "";
function showClaims(payload: Record<string, unknown>): void {
  const text = JSON.stringify(payload);
  if (text === shownClaims) return;
  shownClaims = text;
  const rows = Object.entries(payload).flatMap(([key, value]) => [
    make("dt", {}, key),
    make("dd", {}, typeof value === "string" ? value : JSON.stringify(value)),
  ]);
  element("claims").replaceChildren(...rows);
}

function showAges(): void {
  const life = history.lives.at(-1);
  const token = life?.accessTokens.at(-1);
  if (life === undefined || token === undefined) return;
  const nowMs = clock.nowMs();
  const ageSeconds = Math.max(0, Math.round((nowMs - token.mintedMs) / 1000));
  const leftSeconds = Math.ceil((token.expiresMs - nowMs) / 1000);
  const left = leftSeconds > 0 ? `${leftSeconds} s left` : "expired";
  element("access-age").textContent = `${ageSeconds} s old, ${left}`;
  const refreshAgeSeconds = Math.max(0, Math.round((nowMs - life.mintedMs) / 1000));
  element("refresh-age").textContent = `number ${life.number}, ${refreshAgeSeconds} s old`;
}

async function call(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await api("GET", path);
  look();
  history.call(answer.status, clock.nowMs());
  return answer;
}

async function advance(seconds: number): Promise<void> {
  const fromMs = clock.nowMs();
  const { body } = await api<Facts>("POST", "/lab/advance", { seconds });
  skipTo(fromMs, body.nowMs);
}

function skipTo(fromMs: number, nowMs: number): void {
  clock.set(nowMs);
  history.jumps.push({ fromMs, toMs: nowMs });
}

/** "Firefox on Linux", from a user agent; any other text as it is. */
function deviceName(device: string): string {
  const browser = /(Firefox|Edg|Chrome|Safari)\//.exec(device)?.[1]?.replace("Edg", "Edge");
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(device)?.[1];
  return browser === undefined ? device : `${browser}${system === undefined ? "" : ` on ${system}`}`;
}

async function listSessions(): Promise<void> {
  const { status, body } = await api<ListedSession[]>("GET", "/sessions");
  look();
  if (status !== 200) return;
  const items = body
    .sort((a, b) => Number(b.isThisOne) - Number(a.isThisOne) || b.timeCreated - a.timeCreated)
    .map(({ sessionHandle, device, isThisOne }) => {
      const name = isThisOne ? "This browser" : deviceName(device);
      const revoke = make("button", { type: "button", className: "quiet" }, "Revoke");
      revoke.setAttribute("aria-label", `Revoke the session of ${name}`);
      revoke.addEventListener("click", async () => {
        revoke.disabled = true;
        const answer = await api("POST", "/sessions/revoke", { sessionHandle });
        log(answer.status, `Revoked the session of ${name}.`);
        look();
        if (!isThisOne) await listSessions();
      });
      return make(
        "li",
        {},
        make("span", {}, name, make("small", {}, `session ${sessionHandle.slice(0, 8)}`)),
        revoke,
      );
    });
  element("sessions").replaceChildren(...items);
}

// While an experiment runs, the heartbeat keeps out of the way.
let isExperimenting = false;
async function experiment(work: () => Promise<void>): Promise<void> {
  isExperimenting = true;
  try {
    await work();
  } finally {
    isExperimenting = false;
  }
}

element("people").append(
  ...PEOPLE.map((userId) => {
    const button = make("button", { type: "button" }, userId[0]?.toUpperCase() + userId.slice(1));
    button.addEventListener("click", async () => {
      const { status } = await api("POST", "/login", { userId });
      log(status, `Signed in as ${userId}: one row in SQLite, two tokens here.`);
      look();
      element("sign-out").focus();
    });
    return button;
  }),
);

onClick("sign-out", async () => {
  await signOut();
  look();
});

onClick("call-protected", async () => {
  const { status } = await call("/protected");
  log(status, status === 200 ? "The protected call went through." : "The protected call was refused.");
});

onClick("call-optional", async () => {
  const { status, body } = await call("/optional");
  log(status, body.userId === null ? "The server greeted a guest." : `The server knew ${body.userId}.`);
});

onClick("call-admin", async () => {
  const { status, body } = await call("/admin");
  const errors = body.claimValidationErrors as { id: string; reason: unknown }[] | undefined;
  const reasons = errors?.map(({ id, reason }) => `${id}: ${JSON.stringify(reason)}`).join("; ");
  log(status, reasons === undefined ? "Welcome, administrator." : `Refused by a claim — ${reasons}`);
});

onClick("change-role", async () => {
  const token = storedFrontToken();
  const hasRole = token !== undefined && isAdmin(token.up);
  const { status } = await api("POST", "/role", { admin: !hasRole });
  log(
    status,
    hasRole
      ? "The role is gone; the access token says so at once."
      : "The new access token carries the role.",
  );
  look();
});

onClick("expire", () =>
  experiment(async () => {
    const seconds = facts.accessTokenSeconds + 1;
    await advance(seconds);
    log(
      `+${seconds} s`,
      `The demo's clock went ${seconds} seconds ahead: the access token has expired. The next call refreshes it.`,
    );
    if (element<HTMLInputElement>("heartbeat").checked) await call("/protected");
  }),
);

onClick("two-tabs", () =>
  experiment(async () => {
    const tabs = await TwoTabs.open();
    try {
      await call("/protected");
      await advance(facts.accessTokenSeconds + 1);
      const before = await api<Facts>("GET", "/lab");
      const calls = await tabs.both("call");
      const after = await api<Facts>("GET", "/lab");
      look();
      const count = after.body.refreshes - before.body.refreshes;
      log(
        Math.max(...calls.map(({ status }) => status)),
        `Two tabs called with an expired token: ${calls.map(({ status }) => status).join(" and ")}, with ${count} refresh${count === 1 ? "" : "es"} between them.`,
      );
      await api("POST", "/lab/meet");
      const refreshes = await tabs.both("refresh");
      const children = new Set(
        refreshes.map(({ refreshTokenHash }) => refreshTokenHash?.slice(0, 6) ?? "none"),
      );
      log(
        Math.max(...refreshes.map(({ status }) => status)),
        children.size === 1
          ? `Both refreshed at once, past the lock: one and the same child, ${[...children].join()}. Nobody is logged out.`
          : `Both refreshed at once and got different children: ${[...children].join(", ")}.`,
      );
      await call("/protected");
    } finally {
      tabs.close();
    }
  }),
);

onClick("replay", () =>
  experiment(async () => {
    log("…", "A thief copies the refresh token; this browser goes on and replaces it.");
    await attemptRefreshingSession();
    await call("/protected");
    const fromMs = clock.nowMs();
    const { body } = await api<{ status: number; message: string }>("POST", "/lab/replay");
    const { body: later } = await api<Facts>("GET", "/lab");
    skipTo(fromMs, later.nowMs);
    log(
      body.status,
      `${facts.graceSeconds + 1} seconds later the thief presents the old one: “${body.message}”. The session is revoked for both.`,
    );
    await call("/protected");
  }),
);

onClick("add-session", async () => {
  const { status } = await api("POST", "/sessions", {});
  log(status, "Signed in on another device.");
  await listSessions();
});

setInterval(() => {
  showAges();
  picture.draw(history, clock.nowMs());
}, FRAME_MS);

setInterval(() => {
  look();
  const wanted = element<HTMLInputElement>("heartbeat").checked && !isExperimenting && !document.hidden;
  if (wanted && storedFrontToken() !== undefined) void call("/protected");
}, HEARTBEAT_MS);

await doesSessionExist();
look();
document.body.dataset.ready = "yes";
