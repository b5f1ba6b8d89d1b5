import { describeNestGraphql } from "./support/graphql-suite.js";

describeNestGraphql("nest12");
