// Harness × case out of what the test runner recorded: "adapter conformance: koa3 [sec A-01] > C-01 what holds (left out: why)".
const name = /(?:^|> )adapter conformance: (\S+)(?: \[[^\]]*\])? > (C-\d+) (.*)$/;
const reason = /\(left out: (.*)\)$/;
const marks = { passed: "✓", failed: "✗", "left out": "–" };

/** @param tests what ran: [{ name, state, file }] */
export function adapterTable(tests) {
  const harnesses = new Map();
  const cases = new Set();
  const exceptions = [];
  const problems = [];
  for (const test of tests) {
    const [, harness, id, title] = name.exec(test.name) ?? [];
    if (harness === undefined) continue;
    cases.add(id);
    const row = harnesses.get(harness) ?? new Map();
    harnesses.set(harness, row);
    const why = reason.exec(title)?.[1];
    row.set(id, why === undefined ? test.state : "left out");
    if (why !== undefined) exceptions.push(`${harness}  ${id}  ${why}`);
    else if (test.state !== "passed") problems.push(`${harness}  ${id}  ${test.state}`);
  }
  const ids = [...cases].sort();
  for (const [harness, row] of harnesses) {
    for (const id of ids) if (!row.has(id)) problems.push(`${harness}  ${id}  did not run`);
  }
  return { lines: [...heading(ids), ...rows(ids, harnesses)], exceptions, problems };
}

const digits = (ids, at) => ids.map((id) => id.at(at)).join(" ");
const heading = (ids) => (ids.length === 0 ? [] : [digits(ids, -2), digits(ids, -1)]);

function rows(ids, harnesses) {
  return [...harnesses]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([harness, row]) => `${ids.map((id) => marks[row.get(id)] ?? "?").join(" ")}  ${harness}`);
}
