import { tagReader } from "./tags.mjs";

/**
 * @param sections what docs/rows/rows.json holds: [{ section, rows: { id: title } }]
 * @param gaps     what docs/rows/gaps.json holds: { id: reason }
 * @param tests    what ran: [{ name, state, file }]
 */
export function judge(sections, gaps, tests) {
  const ids = sections.flatMap(({ rows }) => Object.keys(rows));
  const read = tagReader(ids);
  const problems = [];
  const testsOf = new Map(ids.map((id) => [id, []]));
  for (const test of tests) {
    const { rows, unknown } = read(test.name);
    for (const id of rows) testsOf.get(id).push(test);
    for (const word of unknown) problems.push(`${test.file}: "${test.name}": [${word}] names no row`);
  }

  const judgeRow = (id, title) => {
    const named = testsOf.get(id);
    const passed = named.filter(({ state }) => state === "passed");
    const failed = named.filter(({ state }) => state === "failed");
    const reason = gaps[id];
    if (failed.length === 0 && passed.length > 0) {
      if (reason !== undefined) problems.push(`docs/rows/gaps.json: ${id} is covered; remove its reason`);
      return { id, title, state: "covered", tests: passed.map(({ file, name }) => `${file}: ${name}`) };
    }
    if (reason) return { id, title, state: "gap", reason };
    const note =
      failed.length > 0 ? "  (its test fails)" : named.length > 0 ? "  (its test was skipped)" : "";
    return { id, title, state: "missing", note };
  };

  for (const [id, reason] of Object.entries(gaps)) {
    if (!testsOf.has(id)) problems.push(`docs/rows/gaps.json: ${id} names no row`);
    if (!reason) problems.push(`docs/rows/gaps.json: ${id} has no reason`);
  }
  return {
    problems,
    sections: sections.map(({ section, rows }) => ({
      section,
      rows: Object.entries(rows).map(([id, title]) => judgeRow(id, title)),
    })),
  };
}
