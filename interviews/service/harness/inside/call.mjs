// The same as call.py for JavaScript and TypeScript: calls functions of the program under test, answers on descriptor 3.
// Handed in as `node --input-type=module -e` at every call. Node.js itself takes the types out of a `.ts` file.

import { readFileSync, writeSync } from "node:fs";
import { registerHooks } from "node:module";
import { exit } from "node:process";
import { pathToFileURL } from "node:url";

const asked = JSON.parse(readFileSync(0, "utf8"));
const { stringify } = JSON;
const workspace = pathToFileURL(`${process.cwd()}/`);
// Not a file: its imports are relative to the workspace, and a file of the program's with that name stays its own.
const driver = new URL("drive.ts?hidden", workspace).href;

registerHooks({
  resolve: (name, context, next) => (name === driver ? { url: driver, shortCircuit: true } : next(name, context)),
  load: (url, context, next) =>
    url === driver ? { format: "module-typescript", source: asked.driver, shortCircuit: true } : next(url, context),
});

const found = async (name) => {
  const cut = name.lastIndexOf(":");
  const module = name.slice(0, cut);
  const isDriver = module === "drive" && asked.driver !== null;
  return (await import(isDriver ? driver : new URL(module, workspace).href))[name.slice(cut + 1)];
};

for (const [name, args] of asked.calls) {
  let line;
  try {
    const value = await (await found(name))(...args);
    line = stringify({ value: value === undefined ? null : value });
  } catch (error) {
    line = stringify({ error: String(error?.constructor?.name ?? "Error") });
  }
  const bytes = Buffer.from(`${line}\n`);
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(3, bytes, sent);
}
exit(0);
