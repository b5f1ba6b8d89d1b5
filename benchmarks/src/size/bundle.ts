import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../..");

/** `worker`: an edge runtime without Node's modules, as Cloudflare's bundler resolves packages for it. */
export type Target = "node" | "worker";

/**
 * What an application's bundle grows by, in bytes after minifying and gzip: `code` with everything it imports up front.
 * What is only loaded when it is needed (`import()`) counts as `lazyBytes`; Node's own modules count for nothing.
 */
export async function bundleBytes({
  code,
  target,
}: {
  code: string;
  target: Target;
}): Promise<{ upFrontBytes: number; lazyBytes: number }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: root, sourcefile: "entry.js" },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    ...(target === "node"
      ? { platform: "node", target: "node20" }
      : { platform: "neutral", target: "es2022", conditions: ["workerd", "worker", "import"] }),
    outdir: "out",
    absWorkingDir: root,
    write: false,
    metafile: true,
    logLevel: "silent",
    // Optional peers of packages: there when the application installed them.
    external: ["better-sqlite3", "bun:sqlite"],
  });
  const outputs = metafile.outputs;
  const entry = Object.keys(outputs).find(
    (path) => outputs[path]?.entryPoint === "entry.js" || outputs[path]?.entryPoint === "<stdin>",
  );
  const upFront = new Set<string>();
  const visit = (path: string): void => {
    if (upFront.has(path)) return;
    upFront.add(path);
    for (const { path: imported, kind } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && outputs[imported] !== undefined) visit(imported);
    }
  };
  if (entry === undefined) throw new Error("the bundle has no entry");
  visit(entry);
  const bytesOf = (wanted: boolean): number =>
    outputFiles
      .filter(({ path }) => upFront.has(path.slice(root.length + 1)) === wanted)
      .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  return { upFrontBytes: bytesOf(true), lazyBytes: bytesOf(false) };
}
