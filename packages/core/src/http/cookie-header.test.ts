import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DUPLICATED, findCookie, findCookies, findOnlyCookie } from "./cookie-header.js";

describe("the cookie scanner", () => {
  it.each([
    ["a=1", ["1"]],
    ["b=2; a=1; c=3", ["1"]],
    ["a=1; b=2; a=3", ["1", "3"]],
    ["a = 1 ;\ta= 2", ["1", "2"]],
    ["a=1;a=2", ["1", "2"]],
    [";;; a=1;;", ["1"]],
    ["a=x=y=", ["x=y="]],
    ["a=", [""]],
    ['a="quoted"', ["quoted"]],
    ['a="', ['"']],
    ["a=%20x%2By", [" x+y"]],
    ["%61=encoded; a=plain", ["plain"]],
    ["a=%E0%A4%A", ["%E0%A4%A"]],
    ["%E0%A4%A=x; a=1", ["1"]],
    ["b=%; a=1", ["1"]],
    ["aa=1; ba=2; a.b=3", []],
    ["A=1", []],
    ["a", []],
    ["a; b=a=1", []],
    ["=a; a", []],
    ["", []],
  ])("finds in %j the values %j [wire D-2]", (header, values) => {
    expect(findCookies(header, "a")).toEqual(values);
    expect(findCookie(header, "a")).toBe(values[0]);
    expect(findOnlyCookie(header, "a")).toBe(values.length > 1 ? DUPLICATED : values[0]);
  });

  it.each(["sAccessToken", "__Host-sAccessToken", "__Secure-sRefreshToken"])(
    "takes no other spelling for %s: no response would take it away, and browsers keep strangers from the name as it stands only",
    (name) => {
      const encoded = encodeURIComponent(name).replace(
        /^./,
        (first) => `%${first.charCodeAt(0).toString(16)}`,
      );
      for (const other of [
        encoded,
        name.replace("A", "%41").replace("R", "%52"),
        name.toLowerCase(),
        `\u00a0${name}`,
      ]) {
        const header = `${other}=planted; ${name}=ours`;
        expect(findCookies(header, name)).toEqual(["ours"]);
        expect([findCookie(header, name), findOnlyCookie(header, name)]).toEqual(["ours", "ours"]);
        expect(findOnlyCookie(`${other}=planted`, name)).toBeUndefined();
      }
    },
  );

  /** Headers made of the pieces that decide: names, near misses, separators, spaces, broken percent signs. */
  const header = fc
    .array(
      fc.oneof(
        fc.constantFrom("a", "aa", "%61", "%", "=", ";", "; ", " ", "\t", '"', "b", "%zz", "ä"),
        fc.string({ maxLength: 4 }),
      ),
      { maxLength: 30 },
    )
    .map((pieces) => pieces.join(""));

  it("agrees with the definition: split at `;`, name before the first `=`, trimmed, and values percent-decoded [sec C-10]", () => {
    fc.assert(
      fc.property(fc.oneof(header, fc.string()), (text) => {
        const expected = text
          .split(";")
          .filter((pair) => pair.includes("="))
          .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const)
          .filter(([name]) => trimmed(name) === "a")
          .map(([, value]) => decoded(unquoted(value.trim())));
        expect(findCookies(text, "a")).toEqual(expected);
        expect(findCookie(text, "a")).toBe(expected[0]);
        expect(findOnlyCookie(text, "a")).toBe(expected.length > 1 ? DUPLICATED : expected[0]);
      }),
      { numRuns: 2000 },
    );
  });

  it("reads every character a bounded number of times, whatever the header is made of [sec C-10]", () => {
    const shapes = [
      "a",
      ";",
      " ",
      "=",
      "%",
      "a;",
      "a=;",
      "%=;",
      "a=%;",
      "sAccessToke;",
      "sAccessToken;",
      "=;%",
      '";',
    ];
    for (const shape of shapes) {
      for (const find of [findCookie, findCookies, findOnlyCookie]) {
        const header = new CountedText(shape.repeat(16_384 / shape.length));
        find(header as unknown as string, "sAccessToken");
        expect(
          header.charactersRead / header.length,
          `${find.name} on ${JSON.stringify(shape)}`,
        ).toBeLessThan(20);
      }
    }
  });
});

/** Stands for a string and counts what the scanner's calls have to read. */
class CountedText {
  charactersRead = 0;
  constructor(readonly text: string) {}
  get length(): number {
    return this.text.length;
  }
  charCodeAt(at: number): number {
    this.charactersRead += 1;
    return this.text.charCodeAt(at);
  }
  indexOf(wanted: string, from = 0): number {
    const found = this.text.indexOf(wanted, from);
    this.charactersRead += (found === -1 ? this.text.length : found) - from + 1;
    return found;
  }
  includes(wanted: string): boolean {
    return this.indexOf(wanted) !== -1;
  }
  startsWith(prefix: string, at = 0): boolean {
    this.charactersRead += prefix.length;
    return this.text.startsWith(prefix, at);
  }
  slice(from: number, to?: number): string {
    const part = this.text.slice(from, to);
    this.charactersRead += part.length;
    return part;
  }
}

/** Blanks as the scanner skips them before a name, and any white space after it. */
function trimmed(name: string): string {
  return name.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");
}

function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}

function decoded(text: string): string {
  try {
    return text.includes("%") ? decodeURIComponent(text.trim()) : text;
  } catch {
    return text;
  }
}
