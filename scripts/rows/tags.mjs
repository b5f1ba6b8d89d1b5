// Reads row ids out of test names: [wire R-7], [wire ], [sec T-04…T-07], [wire Z-1..Z-16], [wire R-5a…R-5c].

const tag = /\[(wire|sec)[ :]([^\]]*)\]/g;
const id = /^([A-Z]{1,3})-0*(\d+)([a-z]?)$/;
const range = /^(\S+?)\s*(?:…|\.{2,3}|–|—)\s*(\S+)$/;

/** "R-07" and "R-7" name the same row; "R-5b" stands between "R-5" and "R-6". */
function parse(text) {
  const [, prefix, number, suffix] = id.exec(text) ?? [];
  if (prefix === undefined) return undefined;
  return { prefix, position: Number(number) * 32 + (suffix === "" ? 0 : suffix.charCodeAt(0) - 96), suffix };
}

/**
 * @param {string[]} ids the rows that exist, as "wire:R-7"
 * @returns a function from the name of a test to the rows it names, and the words in its tags that name none
 */
export function tagReader(ids) {
  const rows = ids.map((row) => {
    const [document, name] = row.split(":");
    return { row, document, ...parse(name) };
  });

  function find(document, item) {
    const [first, last] = (range.exec(item)?.slice(1) ?? [item, item]).map(parse);
    if (!first || !last || first.prefix !== last.prefix) return [];
    const to = last === first || last.suffix !== "" ? last.position : last.position + 31;
    return rows.filter(
      (row) =>
        row.document === document &&
        row.prefix === first.prefix &&
        row.position >= first.position &&
        row.position <= to,
    );
  }

  return (name) => {
    const named = new Set();
    const unknown = [];
    for (const [, document, list] of name.matchAll(tag)) {
      for (const item of list.split(/[,;]/).map((word) => word.trim())) {
        const found = find(document, item);
        if (found.length === 0) unknown.push(`${document} ${item}`);
        for (const { row } of found) named.add(row);
      }
    }
    return { rows: [...named], unknown };
  };
}
