// Owns how frontend/ becomes web/static/build/: every frontend/entries/*.ts(x) becomes <name>.js, with the CSS it imports
// beside it as <name>.css. Invariant: the page never waits for a half-written bundle, for a failed build leaves the last
// good one in place. Leaves out types (tsc) and lint (biome), which `make check` runs.

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const entries = join(root, "frontend", "entries");
const out = join(root, "web", "static", "build");
// Run by Node in tests, so they are bundled apart and never served.
const FOR_NODE = ["fold", "place", "replica"];
const development = process.argv.includes("--watch");

const entryPoints = (existsSync(entries) ? readdirSync(entries) : [])
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts") && !FOR_NODE.includes(name.split(".")[0]))
  .sort()
  .map((name) => join(entries, name));
if (entryPoints.length === 0) {
  console.error(`expected at least one .ts file in ${relative(root, entries)}, got none`);
  process.exit(1);
}

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: root,
  entryPoints,
  outdir: out,
  entryNames: "[name]",
  assetNames: "[name]-[hash]",
  // Pages name their bundle plainly, so bundles may share nothing that needs a second request by hash.
  splitting: false,
  bundle: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: !development,
  sourcemap: development,
  legalComments: "linked",
  loader: { ".woff2": "file", ".svg": "dataurl" },
  define: { "process.env.NODE_ENV": development ? '"development"' : '"production"' },
  metafile: true,
  write: development,
  logLevel: "info",
};

await esbuild.build({
  absWorkingDir: root,
  entryPoints: FOR_NODE.map((name) => ({ in: join(entries, `${name}.ts`), out: name })),
  outdir: join(root, ".build"),
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: ["node20"],
  logLevel: "warning",
});

if (development) {
  const context = await esbuild.context(options);
  await context.watch();
} else {
  // esbuild has told what is wrong by then; its own trace would only bury it.
  const result = await esbuild.build(options).catch(() => process.exit(1));
  mkdirSync(out, { recursive: true });
  for (const file of result.outputFiles ?? []) writeFileSync(file.path, file.contents);
  for (const file of result.outputFiles ?? []) {
    if (!/\.(js|css)$/.test(file.path)) continue;
    const kb = (bytes) => `${(bytes / 1024).toFixed(0)} KB`;
    const size = kb(statSync(file.path).size);
    console.log(`  ${relative(root, file.path)}  ${size}, ${kb(gzipSync(file.contents).length)} gzip`);
  }
}
