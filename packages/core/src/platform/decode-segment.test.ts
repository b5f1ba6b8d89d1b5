import { describe, expect, it } from "vitest";
import { platform as node } from "./node.js";
import { platform as web } from "./web.js";

describe.each([
  ["node", node],
  ["web", web],
])("a segment of a token on %s", (_, platform) => {
  it("gives its text", () => {
    for (const text of ["{}", "ä€😀", "\uFEFFx", "a", "ab", "abc"]) {
      expect(platform.decodeSegment(platform.encodeSegment(text))).toBe(text);
    }
  });

  it("gives nothing when it is not the one spelling of its bytes, or they are no text", () => {
    const canonical = "eyJhIjoxfQ";
    expect(platform.decodeSegment(canonical)).toBe('{"a":1}');
    for (const spelling of [
      "eyJhIjoxfR",
      `${canonical}==`,
      `${canonical}\n`,
      ` ${canonical}`,
      "eyJh IjoxfQ",
      "YR",
    ]) {
      expect(platform.decodeSegment(spelling), spelling).toBeUndefined();
    }
    expect(platform.decodeSegment("Pz8_")).toBe("???");
    expect(platform.decodeSegment("Pz8/")).toBeUndefined();
    expect(platform.decodeSegment("_w")).toBeUndefined();
  });
});
