import { describeAuthentication } from "./support/authentication-suite.js";

describeAuthentication("loopback15");
