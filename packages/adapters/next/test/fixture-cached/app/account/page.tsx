import type { ReactNode } from "react";

/** Prerendered. */
export default function Page(): ReactNode {
  return <output>static</output>;
}
