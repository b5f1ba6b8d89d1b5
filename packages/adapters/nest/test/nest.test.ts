import { describeNest } from "./support/nest-suite.js";

describeNest("nest12");
