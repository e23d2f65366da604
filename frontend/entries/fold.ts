// The browser's fold, for a terminal: reads NDJSON from stdin (an exported log or wire events, a header line is passed over) and
// prints the state as JSON. A test compares it with the server's fold. Bundled to .build/fold.mjs, for Node, and never served.
import type { Wire } from "../core/events.ts";
import { fold } from "../core/fold.ts";

declare const process: {
  stdin: AsyncIterable<Uint8Array>;
  stdout: { write(text: string): void };
};

const decoder = new TextDecoder();
let text = "";
for await (const chunk of process.stdin) text += decoder.decode(chunk, { stream: true });
const lines = text.split("\n").filter((line) => line.trim() !== "");
const events: Wire[] = lines.map((line) => JSON.parse(line)).filter((line) => "seq" in line);
process.stdout.write(JSON.stringify(fold(events)));
