import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { callAside } from "./aside.js";

/** As Jest gives them to the tests of an application, or a library brings its own. */
const MAKES: Record<string, () => unknown> = {
  "of this realm": () => Promise.reject(new Error("theirs")),
  "of another realm": () => runInNewContext("Promise.reject(new Error('theirs'))"),
  "of a library": () => ({
    // biome-ignore lint/suspicious/noThenProperty: that is the point
    then: (_: unknown, reject: (error: Error) => void) => reject(new Error("theirs")),
  }),
};

it.each(Object.entries(MAKES))(
  "a promise %s that rejects is heard of, and ends no process",
  async (_, make) => {
    const failures: unknown[] = [];
    callAside(make, (error) => failures.push(error));
    await new Promise(setImmediate);
    expect(failures).toEqual([expect.objectContaining({ message: "theirs" })]);
  },
);
