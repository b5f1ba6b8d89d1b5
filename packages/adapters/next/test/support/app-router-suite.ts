import { optionForms, type WireResponse } from "@acme/session-conformance";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { found, HOUR_MS, names, type Visit, visit } from "./visit.js";

/** sFrontToken and st-last-access-token-update are taken away, so that the browser client looks for itself. */
const signInCookies = ["sAccessToken", "sFrontToken", "sRefreshToken", "st-last-access-token-update"];

/**
 * What only the app router has, over HTTP.
 *
 * @param origin where the fixture listens, once it does
 * @param noPlainForms why actions of forms without JavaScript are left out
 */
export function describeAppRouter(origin: () => string, noPlainForms?: string): void {
  describe("the app router", () => {
    let control: Visit["control"];
    let user: Visit["user"];
    let signIn: Visit["signIn"];
    beforeEach(async () => {
      ({ control, user, signIn } = await visit(origin()));
    });

    describe("server components", () => {
      it("NX-01, T1: say none, authenticated, expired or invalid-claims, and never throw", async () => {
        expect(found(await user.get("/rsc"))).toMatchObject({ status: "none" });
        await signIn();
        expect(found(await user.get("/rsc"))).toMatchObject({ status: "authenticated", userId: "alice" });
        expect(found(await user.get("/rsc?claims=1"))).toMatchObject({
          status: "invalid-claims",
          claimIds: "never",
        });
        await control.advanceMs(HOUR_MS + 1000);
        const expired = await user.get("/rsc");
        expect([expired.status, found(expired)]).toMatchObject([200, { status: "expired" }]);
      });

      it("options that are inherited or getters of a class ask for what plain ones ask for", async () => {
        await signIn();
        for (const form of Object.keys(optionForms({})))
          expect([form, found(await user.get(`/rsc?claims=${form}`))]).toMatchObject([
            form,
            { status: "invalid-claims", claimIds: "never" },
          ]);
      });

      it("NX-01: never write: a token fresh from a refresh is read without touching the store", async () => {
        await signIn();
        await user.refresh();
        await control.reset();
        const response = await user.get("/rsc");
        expect(found(response)).toMatchObject({ status: "authenticated", userId: "alice" });
        expect(names(response)).toEqual([]);
        const { storeReads, storeWrites } = await control.snapshot();
        expect([storeReads, storeWrites]).toEqual([0, 0]);
      });

      it("NX-02, T2: a change is READ_ONLY_CONTEXT, before the store is touched", async () => {
        await signIn();
        const response = await user.get("/rsc?write=1");
        expect(found(response)).toMatchObject({ refused: "READ_ONLY_CONTEXT READ_ONLY_CONTEXT " });
        const { storeReads, storeWrites } = await control.snapshot();
        expect([storeReads, storeWrites]).toEqual([0, 0]);
      });

      it("NX-14, T14: layout, metadata and page verify once together", async () => {
        await signIn();
        const response = await user.get("/rsc");
        expect(response.body).toContain('data-layout="authenticated"');
        expect(response.body).toContain("<title>alice</title>");
        const { renders, verifications } = await control.snapshot();
        expect([renders, verifications]).toEqual([3, 1]);
      });
    });

    /** The field that names an action in its form. */
    async function fieldOf(which: string): Promise<string> {
      const { body } = await user.get("/actions");
      const form = body.split("<form").find((text) => text.includes(`value="${which}"`)) ?? "";
      const [, field] = /name="(\$ACTION_[^"]+)"/.exec(form) ?? [];
      if (field === undefined) throw new Error(`no form for ${which}`);
      await control.reset();
      return field;
    }

    describe("server actions that a script has sent", () => {
      /** Calls an action as React does in the browser. */
      async function run(which: string): Promise<WireResponse> {
        const id = (await fieldOf(which)).replace("$ACTION_ID_", "");
        const headers = { "next-action": id, accept: "text/x-component", "content-type": "text/plain" };
        return user.send("POST", "/actions", { ...headers, origin: origin() }, "[]");
      }

      it("T12: sign in: the next server component knows", async () => {
        expect(names(await run("login"))).toEqual(signInCookies);
        expect(found(await user.get("/rsc"))).toMatchObject({ status: "authenticated", userId: "alice" });
      });

      it("T15: a change when the action has returned is RESPONSE_COMMITTED, and the store stays", async () => {
        await signIn();
        const before = await run("late");
        expect([before.status, names(before)]).toEqual([200, []]);
        await vi.waitFor(async () => {
          const { ran } = found(await user.get("/actions")) as { ran: string[] };
          expect(ran.at(-1)).toBe("late: RESPONSE_COMMITTED");
        });
        expect((await control.snapshot()).storeWrites).toBe(0);
      });
    });

    const note = noPlainForms === undefined ? "" : ` (left out: ${noPlainForms})`;
    describe.skipIf(noPlainForms !== undefined)(`server actions of forms without JavaScript${note}`, () => {
      /** Sends the form of one action as a browser without JavaScript does. */
      async function submit(which: string): Promise<WireResponse> {
        const field = await fieldOf(which);
        const boundary = "----fixture";
        const part = (name: string, value: string): string =>
          `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
        return user.send(
          "POST",
          "/actions",
          {
            "content-type": `multipart/form-data; boundary=${boundary}`,
            origin: origin(),
            rid: undefined,
            "st-auth-mode": undefined,
          },
          `${part(field, "")}${part("which", which)}--${boundary}--\r\n`,
        );
      }

      it("T12: sign in: the page of the same response knows, and the browser client is made to look", async () => {
        const response = await submit("login");
        expect(found(response)).toMatchObject({ status: "authenticated", userId: "alice" });
        expect(names(response)).toEqual(signInCookies);
        for (const name of ["sAccessToken", "sRefreshToken"]) {
          expect(response.cookies(name)[0]).toMatchObject({ httpOnly: true, sameSite: "lax" });
        }
        expect(response.cookies("sRefreshToken")[0]?.path).toBe("/auth/session/refresh");
        expect(found(await user.get("/rsc"))).toMatchObject({ status: "authenticated", userId: "alice" });
        expect((await user.refresh()).header("front-token")).toBeDefined();
      });

      it("NX-03, T3: redirect() after a sign-in carries the cookies", async () => {
        const response = await submit("loginAndLeave");
        expect([response.status, response.header("location")]).toEqual([303, "/rsc"]);
        expect(names(response)).toContain("sRefreshToken");
        expect(found(await user.get("/rsc"))).toMatchObject({ status: "authenticated" });
      });

      it("sign out: the page of the same response knows", async () => {
        await signIn();
        expect(found(await submit("logout"))).toMatchObject({ status: "none" });
        expect(found(await user.get("/rsc"))).toMatchObject({ status: "none" });
        expect((await control.snapshot()).unhandled).toEqual([]);
      });

      it("withAction runs with a session only", async () => {
        const before = (found(await submit("like")) as { ran: string[] }).ran;
        expect(before.at(-1)).toBe("UNAUTHORISED");
        await signIn();
        const after = (found(await submit("like")) as { ran: string[] }).ran;
        expect(after.slice(before.length)).toEqual(["alice"]);
      });
    });

    describe("route handlers", () => {
      it.each([
        ["next-response", 200, ["by-api", "raw"]],
        ["redirect-response", 302, []],
        ["fetched", 200, []],
        ["stream", 200, []],
        ["empty", 204, []],
      ])(
        "NX-04, T4: our cookies and the handler's own go on a response of any kind: %s",
        async (kind, status, own) => {
          const response = await user.send("POST", `/own/${kind}`);
          expect([response.status, names(response)]).toEqual([
            status,
            [...own, "sAccessToken", "sRefreshToken"].sort(),
          ]);
          expect(response.header("front-token")).toBeDefined();
          expect(response.header("cache-control")).toContain("no-store");
          if (kind === "stream") expect(response.body).toBe("streamed");
          if (kind === "fetched")
            expect([response.body, response.header("x-upstream")]).toEqual(["from upstream", "1"]);
        },
      );

      it.each([
        ["redirect", 307],
        ["not-found", 404],
      ])(
        "NX-03: %s() still means what it does, with our cookies; the handler ran once",
        async (kind, status) => {
          const before = (await user.get("/own/read")).json as { runs: number };
          const response = await user.send("POST", `/own/${kind}`);
          expect([response.status, names(response)]).toEqual([status, ["sAccessToken", "sRefreshToken"]]);
          expect(response.header("location")).toBe(kind === "redirect" ? "/static" : undefined);
          const after = (await user.get("/own/read")).json as { runs: number };
          expect(after.runs - before.runs).toBe(1);
        },
      );

      it("T15: a change while the body is streamed is RESPONSE_COMMITTED, not silence, and the store stays", async () => {
        const before = await control.snapshot();
        const response = await user.send("POST", "/own/late");
        expect(response.body).toBe("started RESPONSE_COMMITTED RESPONSE_COMMITTED");
        expect(names(response)).toEqual(["sAccessToken", "sRefreshToken"]);
        const { storeWrites } = await control.snapshot();
        expect(storeWrites - before.storeWrites).toBe(1); // the session that the handler made
        expect((await user.get("/whoami")).json).not.toHaveProperty("payload.late");
      });

      it("NX-03: without anything to deliver, redirect() goes to Next untouched", async () => {
        const response = await user.send("POST", "/own/plain-redirect");
        expect([response.status, response.header("location"), names(response)]).toEqual([307, "/static", []]);
      });

      it("without a wrapper of ours a session can be read and not changed", async () => {
        await signIn();
        expect((await user.get("/own/read")).json).toMatchObject({
          userId: "alice",
          refused: "READ_ONLY_CONTEXT",
        });
        expect((await control.snapshot()).storeWrites).toBe(0);
      });

      it("under force-static nobody gets the session of the first visitor, and none is made", async () => {
        for (const path of ["/everybody/magic", "/everybody/magic", "/everybody/over", "/everybody/over"]) {
          const response = await user.get(path);
          expect([path, response.status, names(response)]).toEqual([path, 500, []]);
          expect(response.header("st-access-token") ?? response.header("front-token")).toBeUndefined();
          expect(response.header("x-nextjs-cache")).not.toBe("HIT");
        }
        expect((await control.snapshot()).storeWrites).toBe(0);
      });

      it("under force-static no session is made at build time, for everybody's response", async () => {
        const response = await user.get("/at-build");
        expect(response.json).toEqual({ outcome: "READ_ONLY_CONTEXT", sessions: 0 });
        expect(names(response)).toEqual([]);
        expect(response.header("x-nextjs-cache")).toBe("HIT");
      });

      it("revalidate and generateStaticParams keep no session for the next visitor", async () => {
        for (const path of ["/kept/known", "/kept/other"]) {
          const [first, second] = [await user.get(path), await user.get(path)];
          const tokens = [first, second].map((response) => response.cookies("sAccessToken")[0]?.value);
          expect(new Set(tokens).size).toBe(2);
          expect(tokens).not.toContain(undefined);
          expect([first, second].map((response) => response.header("x-nextjs-cache"))).toEqual([
            undefined,
            undefined,
          ]);
        }
      });

      it("NX-15: OPTIONS is Next's, and reaches no handler", async () => {
        await signIn();
        const response = await user.send("OPTIONS", "/own/empty");
        expect([response.status, response.header("allow")]).toEqual([204, "GET, HEAD, OPTIONS, POST"]);
        expect((await control.snapshot()).verifications).toBe(0);
      });
    });
  });
}
