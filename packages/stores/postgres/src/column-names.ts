const known = new Map<string, readonly string[]>();

/**
 * How the columns are called that a statement of ours gives, in their order: a client of the application's may call them
 * otherwise.
 *
 * @param sql one SELECT, or one INSERT, UPDATE or DELETE with RETURNING, in which every column that is read has a name
 */
export function columnNames(sql: string): readonly string[] {
  let names = known.get(sql);
  if (names === undefined) {
    names = read(sql);
    known.set(sql, names);
  }
  return names;
}

/** Words and signs outside of texts. */
const TOKEN = /'[^']*'|"[^"]*"|\w+|[(),]/g;

function read(sql: string): string[] {
  let names: string[] = [];
  let isList = false;
  let depth = 0;
  let latest = "";
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token === "(") depth += 1;
    else if (token === ")") depth -= 1;
    if (depth > 0 || token === ")") continue;
    const word = token.toUpperCase();
    if (word === "SELECT" || word === "RETURNING") {
      // What an INSERT takes its rows from comes before what it gives.
      names = [];
      isList = true;
    } else if (isList && (token === "," || word === "FROM")) {
      names.push(latest);
      isList = word !== "FROM";
    } else latest = token.startsWith('"') ? token.slice(1, -1) : token;
  }
  if (isList) names.push(latest);
  return names;
}
