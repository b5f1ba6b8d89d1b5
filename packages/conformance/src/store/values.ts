import assert from "node:assert/strict";
import { inserted, NOW_MS, promoted, samplePromotion } from "./samples.js";
import type { StoreCase } from "./store-case.js";

/** JSON texts that a store which parses them, or a column of the wrong type, gives back changed. */
const TEXTS: readonly string[] = [
  "{}",
  '{"b":1,"a":2,"10":3,"2":4}',
  '{ "blank" : 1 }',
  '{"a":1,"a":2}',
  '{"empty":"","nested":{},"list":[],"null":null,"deep":[[[[[]]]]]}',
  '{"minusZero":-0,"below":9007199254740991,"above":9007199254740993,"float":1.0,"exp":1e400,"tiny":5e-324}',
  '{"nul":"\\u0000","escaped":"\\u00e9","control":"\\u0001\\u001f","solidus":"\\/"}',
  '{"high":"\\ud800","low":"\\udfff","swapped":"\\udc00\\ud800"}',
  '{"unicode":"é e\u0301 \u{1F600} \u{10FFFF} \u2028\u2029 \ufeff \ufffd \uffff עברית","\u{1F600}":1}',
  `{"quotes":"' \\" \\\\ \` ; -- /* */ $1 ? :a @a %s {0}"}`,
  '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}},"toString":1}',
  JSON.stringify({ nul: "\0", lone: "\ud800", newline: "\r\n\t" }),
];

export const valueCases: readonly StoreCase[] = [
  {
    id: "json-exact",
    rows: ["sec P-05"],
    title: "JSON text comes back character by character, however it was written",
    async run({ store, second }) {
      for (const [index, text] of TEXTS.entries()) {
        const texts = { sessionDataJson: text, accessTokenPayloadJson: text };
        const row = await inserted(store, { handle: `h-${index}`, ...texts });
        assert.deepEqual(await second.getSession(row.handle, NOW_MS), row);
        const promotion = samplePromotion(row);
        assert.deepEqual(await store.promoteSession(promotion), promoted(row, promotion));
      }
    },
  },
  {
    id: "json-exact-update",
    rows: ["sec P-05", "wire ST-4", "wire ST-5"],
    title: "JSON text that is written later comes back the same way, and is handed to the merge that way",
    async run({ store, second }) {
      const row = await inserted(store);
      let before = row.accessTokenPayloadJson;
      for (const text of TEXTS) {
        const updated = await store.updateAccessTokenPayload(row.handle, NOW_MS, (given) => {
          assert.equal(given, before);
          return text;
        });
        assert.equal(updated?.accessTokenPayloadJson, text);
        assert.equal(await store.replaceSessionData(row.handle, NOW_MS, text), true);
        const expected = { ...row, accessTokenPayloadJson: text, sessionDataJson: text };
        assert.deepEqual(await second.getSession(row.handle, NOW_MS), expected);
        before = text;
      }
    },
  },
  {
    id: "big-text",
    rows: ["sec P-05"],
    title: "session data of a million characters comes back whole",
    async run({ store }) {
      const sessionDataJson = JSON.stringify({ text: "aé\u{1F600}\\".repeat(200_000) });
      const row = await inserted(store, { sessionDataJson });
      const kept = await store.getSession(row.handle, NOW_MS);
      assert.ok(kept?.sessionDataJson === sessionDataJson);
      assert.ok(await store.replaceSessionData(row.handle, NOW_MS, `${sessionDataJson} `));
      assert.equal(
        (await store.getSession(row.handle, NOW_MS))?.sessionDataJson.length,
        sessionDataJson.length + 1,
      );
    },
  },
  {
    id: "far-times",
    rows: ["sec TM-06", "sec ST-08", "wire ST-12"],
    title:
      "times stay exact to the millisecond up to the end of JavaScript's calendar, and are compared as numbers",
    async run({ store }) {
      // 13 digits against 14: as texts the later one would be the smaller one.
      for (const expiresAtMs of [
        2 ** 32 * 1000 + 1,
        9_999_999_999_999,
        10_000_000_000_000,
        8_639_999_999_999_999,
      ]) {
        const row = await inserted(store, {
          handle: `h-${expiresAtMs}`,
          createdAtMs: NOW_MS + 1,
          expiresAtMs,
          absoluteExpiresAtMs: 8_640_000_000_000_000,
        });
        assert.deepEqual(await store.getSession(row.handle, expiresAtMs - 1), row);
        assert.equal(await store.getSession(row.handle, expiresAtMs), undefined);
        const promotion = samplePromotion(row, { nowMs: expiresAtMs - 1, expiresAtMs: expiresAtMs + 1 });
        assert.deepEqual(await store.promoteSession(promotion), promoted(row, promotion));
      }
    },
  },
];
