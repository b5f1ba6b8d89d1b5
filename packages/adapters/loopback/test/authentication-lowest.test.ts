import { oldest } from "./support/use-lowest.js";

const { expect, it } = await import("vitest");
const authentication = await import("@loopback/authentication");
const { describeAuthentication } = await import("./support/authentication-suite.js");

it("this is LoopBack's oldest authentication", () => {
  expect(authentication.authenticate).toBe(oldest("@loopback/authentication").authenticate);
});

describeAuthentication("loopback14-lowest");
