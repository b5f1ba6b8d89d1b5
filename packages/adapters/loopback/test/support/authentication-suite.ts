import {
  AuthenticationBindings,
  AuthenticationComponent,
  type AuthenticationStrategy,
  authenticate,
  registerAuthenticationStrategy,
} from "@loopback/authentication";
import * as core from "@loopback/core";
import * as rest from "@loopback/rest";
import { SecurityBindings, securityId, type UserProfile } from "@loopback/security";
import { afterEach, expect, it } from "vitest";
import { ANONYMOUS, sessionStrategy } from "../../src/authentication/index.js";
import { startApp, type TestApp, testSession } from "./test-app.js";

const never = { id: "never", validate: () => ({ isValid: false as const }) };

/** The authentication strategy, on the LoopBack that the process runs. */
export function describeAuthentication(version: string): void {
  let app: TestApp | undefined;
  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  it(`${version}: LB-05: @authenticate("session") with options, optional, and beside another strategy`, async () => {
    const session = testSession();
    class KeyStrategy implements AuthenticationStrategy {
      readonly name = "key";
      async authenticate(request: rest.Request): Promise<UserProfile | undefined> {
        return request.headers["x-key"] === undefined ? undefined : { [securityId]: "machine" };
      }
    }
    class UserController {
      readonly #user: UserProfile;
      constructor(@core.inject(SecurityBindings.USER) user: UserProfile) {
        this.#user = user;
      }

      @authenticate("session")
      @rest.get("/user")
      user() {
        return { user: this.#user[securityId] };
      }

      @authenticate({ strategy: "session", options: { require: [never] } })
      @rest.get("/never")
      never() {
        return {};
      }

      @authenticate({ strategy: "session", options: { sessionRequired: false } })
      @rest.get("/optional")
      optional() {
        return { user: this.#user[securityId], isAnonymous: this.#user[securityId] === ANONYMOUS };
      }

      @authenticate("session", "key")
      @rest.get("/either")
      either() {
        return { user: this.#user[securityId] };
      }
    }
    app = await startApp({ core, rest }, session, [UserController], (one) => {
      one.middleware(session.middleware());
      one.component(AuthenticationComponent);
      registerAuthenticationStrategy(one, sessionStrategy(session));
      registerAuthenticationStrategy(one, KeyStrategy);
    });
    expect(app.app.contains(AuthenticationBindings.STRATEGY)).toBe(true);
    const user = await app.signedIn();
    const stranger = app.client();
    const unauthorised = '{"message":"unauthorised"}';
    expect((await user.get("/user")).json).toEqual({ user: "user-1" });
    expect((await stranger.get("/user")).body).toBe(unauthorised);
    expect((await user.get("/never")).status).toBe(403);
    expect((await user.get("/optional")).json).toEqual({ user: "user-1", isAnonymous: false });
    expect((await stranger.get("/optional")).json).toEqual({ user: "", isAnonymous: true });
    expect((await user.get("/either")).json).toEqual({ user: "user-1" });
    expect((await stranger.get("/either", { "x-key": "1" })).json).toEqual({ user: "machine" });
    expect((await stranger.get("/either")).body).toBe(unauthorised);
  });
}
