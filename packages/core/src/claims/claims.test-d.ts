import type { SessionContainer } from "../session/session-container.js";
import { createUserRoles, definePermissions } from "../user-roles/index.js";
import { BooleanClaim, defineClaim, PrimitiveArrayClaim, PrimitiveClaim } from "./index.js";

declare const session: SessionContainer;

// The type of a claim's value reaches its validators and what a session says of it.
const plan = new PrimitiveClaim<"free" | "pro">({ key: "plan", fetchValue: () => "free" });
plan.validators.hasValue("pro");
// @ts-expect-error not a plan
plan.validators.hasValue("gold");
export const value: Promise<"free" | "pro" | undefined> = session.getClaimValue(plan);
// @ts-expect-error not a number
export const number: Promise<number | undefined> = session.getClaimValue(plan);
// @ts-expect-error a plan is no boolean
void session.setClaimValue(plan, true);

const tags = new PrimitiveArrayClaim<"a" | "b">({ key: "tags", fetchValue: () => ["a"] });
tags.validators.includesAny(["a", "b"]);
// @ts-expect-error not a tag
tags.validators.includes("c");
export const list: ("a" | "b")[] | undefined = session.claims.get(tags);

const flag = new BooleanClaim({ key: "flag", fetchValue: () => true });
flag.validators.isTrue(10, "id");
// @ts-expect-error a boolean claim has no list
flag.validators.includes(true);
// @ts-expect-error the source gives another type
new BooleanClaim({ key: "flag", fetchValue: () => "true" });

const seats = defineClaim<"seats", number>({ key: "seats", fetch: () => 3 });
seats.validators.gte(3);
// @ts-expect-error a number has no members
seats.validators.includes(3);
export const key: "seats" = seats.key;
const defined = defineClaim<"plan", "free" | "pro">({ key: "plan", fetch: () => "free" });
defined.is("pro");
defined.validators.oneOf(["free", "pro"]);
// @ts-expect-error not a plan
defined.is("gold");
// @ts-expect-error a text is not measured
defined.validators.gte(1);
export const got: "free" | "pro" | undefined = session.claims.get(defined);
defineClaim({
  key: "parsed",
  schema: {
    "~standard": { version: 1, vendor: "test", validate: (input) => ({ value: Number(input) }) },
  },
  fetch: () => 1,
}).validators.gte(1);

// Permissions are the catalogue's.
const roles = createUserRoles({ permissions: definePermissions(["posts:read", "posts:write"]) });
roles.PermissionClaim.validators.includes("posts:read");
// @ts-expect-error a slip
roles.PermissionClaim.validators.includes("post:read");
void roles.createNewRoleOrAddPermissions("writer", ["posts:write", "posts:*", "*"]);
// @ts-expect-error neither a permission nor a pattern
void roles.createNewRoleOrAddPermissions("writer", ["posts"]);
roles.has(session, { anyPermission: ["posts:read"] });
// @ts-expect-error a slip
roles.has(session, { permission: "posts:reed" });
// Without a catalogue any text will do.
createUserRoles().PermissionClaim.validators.includes("edit");
void createUserRoles().createNewRoleOrAddPermissions("writer", ["edit"]);

session.has({ role: "admin", permission: "edit" });
// @ts-expect-error no such dimension
session.has({ roles: "admin" });
// @ts-expect-error a validator that fetches needs a claim and a test for its age, both
export const half: import("./index.js").SessionClaimValidator = {
  id: "x",
  validate: () => ({ isValid: true }),
  claim: flag,
};
