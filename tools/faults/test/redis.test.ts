import { testMatrixOf } from "./matrix-of.ts";

testMatrixOf("redis");
