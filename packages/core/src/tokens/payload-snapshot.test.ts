import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SessionError } from "../errors/session-error.js";
import { parseStoredJson, snapshotPayload } from "./payload-snapshot.js";
import { checkedPatch, mergePayload, RESERVED_CLAIMS, withoutReservedClaims } from "./reserved-claims.js";

const snapshot = (value: unknown): object => snapshotPayload("payload", value);

function refusal(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    return SessionError.is(error) ? error.type : String(error);
  }
}

describe("keys that could reach a prototype [sec P-01]", () => {
  const FORBIDDEN = ["__proto__", "constructor", "prototype"];

  it.each(FORBIDDEN)("%s is refused on write, at every depth", (key) => {
    const own = (value: unknown): object => JSON.parse(`{"${key}":${JSON.stringify(value)}}`) as object;
    for (const payload of [own({ isAdmin: true }), own(null), { a: own(1) }, { a: [{ b: [own("x")] }] }]) {
      expect(refusal(() => snapshot(payload))).toBe("INVALID_PAYLOAD");
    }
  });

  it.each(FORBIDDEN)("%s is dropped on read, at every depth", (key) => {
    const stored = `{"a":1,"${key}":{"isAdmin":true},"b":{"${key}":1,"c":[{"${key}":2,"d":3}]}}`;
    const read = parseStoredJson(stored);
    expect(JSON.stringify(read)).toBe('{"a":1,"b":{"c":[{"d":3}]}}');
    expect((read as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it("one that is spelled with an escape is dropped on read too", () => {
    const stored = '{"a":1,"\\u005f_pr\\u006fto__":{"isAdmin":true},"constr\\u0075ctor":2}';
    expect(JSON.stringify(parseStoredJson(stored))).toBe('{"a":1}');
  });

  it("merging sets own members only, and never a prototype", () => {
    const evil = JSON.parse('{"__proto__":{"isAdmin":true},"toString":1,"valueOf":null}') as Record<
      string,
      never
    >;
    const merged = mergePayload({ a: 1 }, evil) as { isAdmin?: boolean };
    expect(merged.isAdmin).toBeUndefined();
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(Object.hasOwn(merged, "toString")).toBe(true);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    // A key that every object inherits is not taken for one that the patch removes.
    expect(mergePayload({ toString: 1, hasOwnProperty: 2 }, { a: 1 })).toEqual({
      toString: 1,
      hasOwnProperty: 2,
      a: 1,
    });
  });
});

describe("protected claims [sec P-03]", () => {
  it.each([...RESERVED_CLAIMS])("%s cannot be set, changed or removed", (claim) => {
    expect(withoutReservedClaims({ [claim]: "forged", a: 1 })).toEqual({ a: 1 });
    expect(refusal(() => checkedPatch({ [claim]: "forged" }))).toBe("RESERVED_CLAIM_NAME");
    expect(checkedPatch({ [claim]: null, a: 1 })).toEqual({ a: 1 });
  });
});

describe("a snapshot [sec P-04]", () => {
  it("is taken once: no getter, toJSON or later change gets another value in", () => {
    let reads = 0;
    const source = {
      get role() {
        reads += 1;
        return reads === 1 ? "user" : "admin";
      },
      when: { toJSON: () => `read ${++reads}` },
      list: [1, 2],
    };
    const copy = snapshot(source);
    source.list.push(3);
    expect(copy).toEqual({ role: "user", when: "read 2", list: [1, 2] });
    expect(reads).toBe(2);
  });

  it("refuses by a typed error what JSON cannot carry", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = { cycle };
    const bad: unknown[] = [
      { a: 1n },
      cycle,
      { a: () => 1 },
      { a: Symbol("s") },
      { a: Number.NaN },
      { a: Number.POSITIVE_INFINITY },
      { a: [Number.NEGATIVE_INFINITY] },
      { a: Object(Number.NaN) },
      [],
      "text",
      1,
      true,
      { toJSON: () => [] },
      { toJSON: () => "text" },
    ];
    for (const value of bad) expect(refusal(() => snapshot(value))).toBe("INVALID_PAYLOAD");
  });

  it("says where, in a few printable characters [sec L-04]", () => {
    expect(() => snapshot({ [`key\r\nINJECTED ${"x".repeat(100)}`]: Number.NaN })).toThrow(
      /^the payload holds a number that JSON cannot carry \(at `key\?\?INJECTED x+`\)$/,
    );
  });

  it("takes nothing for an empty object", () => {
    for (const nothing of [undefined, null, {}, { a: undefined }]) expect(snapshot(nothing)).toEqual({});
  });

  it("comes back from a store as it was put in, whatever it holds [sec P-05]", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 4 })), (payload) => {
        fc.pre(refusal(() => snapshot(payload)) === "none");
        const copy = snapshot(payload);
        expect(parseStoredJson(JSON.stringify(copy))).toEqual(copy);
        expect(copy).toEqual(JSON.parse(JSON.stringify(payload)));
      }),
    );
  });
});

describe("a stored text that is no payload [sec L-01, O-01]", () => {
  it.each(["", "{", '{"password":"hunter2"', "[]", "null", "1", '"eyJhbGciOiJFUzI1NiJ9"'])(
    "%j: an error of ours that quotes nothing",
    (text) => {
      expect(refusal(() => parseStoredJson(text))).toBe(
        "Error: the store holds a payload or session data that is not a JSON object",
      );
    },
  );
});
