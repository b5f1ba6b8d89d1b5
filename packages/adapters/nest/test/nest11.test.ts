import { oldest } from "./support/use-nest11.js";

const { runAdapterConformance } = await import("@acme/session-conformance");
const { describe, expect, it } = await import("vitest");
const common = await import("@nestjs/common");
const core = await import("@nestjs/core");
const graphql = await import("@nestjs/graphql");
const { harness } = await import("./support/fixture-harness.js");
const { describeNestGraphql } = await import("./support/graphql-suite.js");
const { describeNest } = await import("./support/nest-suite.js");
const { platforms } = await import("./support/platforms.js");

it("this is Nest 11", () => {
  expect(oldest("@nestjs/core/package.json")).toMatchObject({ version: "11.0.1" });
  expect(common.Module).toBe(oldest("@nestjs/common").Module);
  expect(graphql.GraphQLModule).toBe(oldest("@nestjs/graphql").GraphQLModule);
  expect(core.NestFactory).toBe(oldest("@nestjs/core").NestFactory);
});

describeNest("nest11-lowest");
describeNestGraphql("nest11-lowest");
for (const platform of platforms) {
  runAdapterConformance(harness(`nest11-lowest-${platform}`, platform), { describe, it });
}
