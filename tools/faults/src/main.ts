import { parseArgs } from "node:util";
import { startBackend } from "./backend.ts";
import { columns } from "./client.ts";
import { brief, long, usual } from "./lengths.ts";
import { rows } from "./matrix.ts";
import { type StoreKind, storeKinds } from "./open-store.ts";
import { runRow } from "./row.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", multiple: true },
    row: { type: "string", multiple: true },
    brief: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
  },
});
const unknown = values.store?.find((kind) => !storeKinds.some((known) => known === kind));
if (unknown !== undefined) {
  console.error(`There is no store ${unknown}: ${storeKinds.join(", ")}`);
  process.exit(2);
}
const lengths = values.brief ? brief : values.long ? long : usual;
const kinds = (values.store ?? storeKinds) as readonly StoreKind[];

console.log(`| ${["store", "row", "", ...columns, "seconds", "verdict"].join(" | ")} |`);
console.log(`|${" --- |".repeat(columns.length + 5)}`);
let wrong = 0;
for (const kind of kinds) {
  const chosen = rows.filter(({ id, stores }) => stores.includes(kind) && (values.row?.includes(id) ?? true));
  const backend = await startBackend(kind);
  try {
    for (const row of chosen) {
      const reason = row.reasonAgainst?.();
      if (reason !== undefined) {
        console.log(
          `| ${[kind, row.id, row.title, ...columns.map(() => ""), "", `left out: ${reason}`].join(" | ")} |`,
        );
        continue;
      }
      const { outcomes, complaints, notes, seconds } = await runRow(row, backend, lengths);
      const cells = columns.map((column) => outcomes[column]);
      const verdict = [...(complaints.length === 0 ? ["as it should be"] : complaints), ...notes].join("; ");
      console.log(`| ${[kind, row.id, row.title, ...cells, seconds.toFixed(1), verdict].join(" | ")} |`);
      wrong += complaints.length > 0 ? 1 : 0;
    }
  } finally {
    await backend.stop();
  }
}
console.log(
  `\n${wrong === 0 ? "All rows are as they should be" : `${wrong} rows are not as they should be`}`,
);
process.exit(wrong === 0 ? 0 : 1);
