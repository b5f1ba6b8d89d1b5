// Types of `getSession`: the container, or perhaps undefined, exactly as `sessionRequired` says (wire-contract.md 6.2).
import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { SessionContainer } from "../session/session-container.js";
import type { VerifySessionOptions } from "../session/types.js";
import type { BoundSession } from "./bind-session.js";

declare const session: BoundSession<object, object>;
declare const validator: SessionClaimValidator;
declare const unknownOptions: VerifySessionOptions;
declare const maybe: boolean;
const [req, res] = [{}, {}];

export async function required(): Promise<SessionContainer[]> {
  return [
    await session.getSession(req, res),
    await session.getSession(req, res, undefined),
    await session.getSession(req, res, {}),
    await session.getSession(req, res, { checkDatabase: true }),
    await session.getSession(req, res, { sessionRequired: true }),
    // As the seed page writes it: the parameter needs no type.
    await session.getSession(req, res, {
      overrideGlobalClaimValidators: async (globalValidators) => [...globalValidators, validator],
    }),
    await session.getSession(req, res, {
      overrideGlobalClaimValidators: (_globals, container) =>
        container.getUserId() === "root" ? [] : [validator],
    }),
    await session.getSessionWithoutRequestResponse("token"),
    await session.getSessionWithoutRequestResponse("token", "csrf", { antiCsrfCheck: false }),
  ];
}

export async function optional(): Promise<void> {
  const found = await session.getSession(req, res, {
    sessionRequired: false,
    overrideGlobalClaimValidators: (globals) => globals,
  });
  // @ts-expect-error there may be none
  found.getUserId();
  // @ts-expect-error not known
  (await session.getSession(req, res, unknownOptions)).getUserId();
  // @ts-expect-error not known
  (await session.getSession(req, res, { sessionRequired: maybe })).getUserId();
  // @ts-expect-error there may be none
  (
    await session.getSessionWithoutRequestResponse("token", undefined, { sessionRequired: false })
  ).getUserId();
  // @ts-expect-error no such option
  await session.getSession(req, res, { required: true });
}
