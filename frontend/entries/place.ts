// Where the page finds a hunk's lines, for tests/unit/test_anchors.py: one question a line on stdin, one answer a line on stdout.
// Bundled to .build/place.mjs, for Node, and never served.
import { place } from "../panels/diff.ts";

declare const process: {
  stdin: AsyncIterable<Uint8Array>;
  stdout: { write(text: string): void };
};

const decoder = new TextDecoder();
let rest = "";
for await (const chunk of process.stdin) {
  const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) {
    const { text, hunk, near, least } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(place(text, hunk, near, least))}\n`);
  }
}
