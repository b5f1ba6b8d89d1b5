import { parseArgs } from "node:util";
import type { ServerKind } from "@acme/servers";
import { startBackend } from "./backend.ts";
import { faults } from "./matrix.ts";
import { runFault } from "./run-fault.ts";
import { columns } from "./user.ts";

const { values } = parseArgs({ options: { store: { type: "string", multiple: true } } });
const kinds = (values.store ?? ["postgres", "mysql", "redis"]) as ServerKind[];
console.log(`| ${["store", "fault", "", ...columns, "verdict"].join(" | ")} |`);
console.log(`|${" --- |".repeat(columns.length + 4)}`);
let wrong = 0;
for (const kind of kinds) {
  const backend = await startBackend(kind);
  try {
    for (const fault of faults.filter(({ only }) => only === undefined || only.includes(kind))) {
      const { outcomes, complaints } = await runFault(fault, backend);
      const cells = columns.map((column) => outcomes[column]);
      const verdict = complaints.length === 0 ? "as it should be" : complaints.join("; ");
      console.log(`| ${[kind, fault.id, fault.title, ...cells, verdict].join(" | ")} |`);
      wrong += complaints.length > 0 ? 1 : 0;
    }
  } finally {
    await backend.stop();
  }
}
console.log(`\n${wrong} rows are not as they should be`);
process.exit(wrong === 0 ? 0 : 1);
