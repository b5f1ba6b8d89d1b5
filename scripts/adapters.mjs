// node scripts/adapters.mjs: every adapter against every case of the conformance suite, as the last run of the tests left it.
import { adapterTable } from "./adapters/table.mjs";
import { readTests } from "./report/tests.mjs";

const { lines, exceptions, problems } = adapterTable(readTests());
for (const line of lines) console.log(line);
if (exceptions.length > 0) console.log("\nLeft out:");
for (const exception of exceptions) console.log(`  ${exception}`);
if (problems.length > 0) console.log("\nNot passed:");
for (const problem of problems) console.log(`  ${problem}`);
process.exit(lines.length === 0 || problems.length > 0 ? 1 : 0);
