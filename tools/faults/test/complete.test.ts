import { expect, it } from "vitest";
import { rows } from "../src/matrix.ts";
import type { StoreKind } from "../src/open-store.ts";

const servers = ["postgres", "mysql", "redis"] as const;
const all = ["memory", "sqlite", ...servers] as const;
const shared = ["sqlite", ...servers] as const;

/** security.md §21, F27 of our own, and from §22 what needs real processes. F70 and F71 are of the revocation feed, which is not there yet. */
const ASKED: Readonly<Record<string, readonly StoreKind[]>> = {
  // These are about the way to a server.
  ...Object.fromEntries(["F01", "F02", "F03", "F04", "F05", "F06", "F07"].map((id) => [id, servers])),
  // A memory's process has no other that could roll it back or stand beside it, but these it has.
  ...Object.fromEntries(["F08", "F09", "F10", "F11", "F12", "F13"].map((id) => [id, all])),
  ...Object.fromEntries(
    ["F20", "F21", "F22", "F23", "F24", "F25", "F26", "F27"].map((id) => [id, ["postgres"]]),
  ),
  ...Object.fromEntries(["F30", "F31", "F32", "F33"].map((id) => [id, ["mysql"]])),
  ...Object.fromEntries(["F40", "F41", "F42", "F43", "F44", "F45"].map((id) => [id, ["redis"]])),
  ...Object.fromEntries(["F50", "F51", "F52", "F53"].map((id) => [id, ["sqlite"]])),
  // Not in the specification: how long until all is well again, and through how many connections.
  ...Object.fromEntries(["F46", "F47", "F48"].map((id) => [id, ["redis"]])),
  F60: shared,
  F61: shared,
  "L-05": shared,
  "L-12": shared,
};

it("has every row of the specification for every store that it is about, and no other", () => {
  const asked = Object.entries(ASKED).flatMap(([id, stores]) => stores.map((store) => `${id} ${store}`));
  const there = rows.flatMap(({ id, stores }) => stores.map((store) => `${id} ${store}`));
  expect([...new Set(there)].sort()).toEqual(asked.sort());
});
