import { describe, expect, it } from "vitest";
import { pathOf } from "./request-path.js";

const rules = { basePath: "/auth", stripPrefix: undefined };
const at = (rawPath: string, stage = "dev") => ({ rawPath, requestContext: { stage, http: {} } });

describe("AW-08: the path of a request", () => {
  it.each([
    ["/dev/users", "/users"],
    ["/dev", "/"],
    ["/dev/", "/"],
    ["/developers", "/developers"],
    ["/developers/dev/x", "/developers/dev/x"],
    ["/dev/dev/x", "/dev/x"],
  ])("behind the stage dev, %s is %s", (rawPath, path) => {
    expect(pathOf(at(rawPath), "http-2.0", rules)).toBe(path);
  });

  it.each([
    ["/v1/users", "/users"],
    ["/v1", "/"],
    ["/v10/users", "/v10/users"],
    ["/users/v1", "/users/v1"],
  ])("with stripPrefix /v1, %s is %s", (path, expected) => {
    expect(pathOf({ path }, "rest", { ...rules, stripPrefix: "/v1" })).toBe(expected);
  });

  it("a request without a path is one for the root", () => {
    expect(pathOf({}, "rest", rules)).toBe("/");
  });
});
