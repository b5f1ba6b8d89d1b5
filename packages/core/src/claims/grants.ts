/** Whether a grant is a pattern. */
export function isPattern(granted: string): boolean {
  return granted.includes("*");
}

/**
 * Whether a grant covers a permission. Segments stand between colons; `*` in the middle is one segment, at the end one
 * or more, alone everything. There are no partial segments and no deny rules (claims.md O-43).
 */
export function grantCovers(granted: string, permission: string): boolean {
  if (granted === permission || granted === "*") return true;
  if (!isPattern(granted)) return false;
  const pattern = granted.split(":");
  const segments = permission.split(":");
  const isOpen = pattern.at(-1) === "*";
  if (isOpen ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, index) => part === "*" || part === segments[index]);
}
