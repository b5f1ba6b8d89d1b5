import type { Measured } from "../measure.ts";
import { row } from "../row.ts";
import { bundleBytes } from "../size/bundle.ts";
import { entries, OURS } from "../size/entries.ts";
import type { Suite } from "./suite.ts";

/** Bytes that a package adds to a bundle. They do not vary, so there is no spread. */
export const sizeSuite: Suite = {
  name: "size",
  title: "Bundle, minified and gzipped, without what is loaded on demand",
  packages: ["supertokens-node", "better-auth", "iron-session", "express-session", "fast-jwt", "jose"],
  async run() {
    const measured: Measured[] = [];
    for (const [name, entry] of Object.entries(entries)) {
      const { upFrontBytes: bytes } = await bundleBytes(entry);
      measured.push({ name, median: bytes, p25: bytes, p75: bytes, samples: [bytes] });
    }
    const reference = measured.find(({ name }) => name === OURS);
    if (reference === undefined) throw new Error("our own bundle was not measured");
    return measured.map((one) => row("size", one, reference, "bytes"));
  },
};
