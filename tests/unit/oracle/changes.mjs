// The editor's own change sets, asked by tests/unit/test_text_oracle.py.
//
// One request a line on stdin, one answer a line on stdout: {"op": …} -> {"result": …} or {"error": …}. A text is split at "\n"
// only, as the workspace does, so that "\r" stays a character.
import { createInterface } from "node:readline";
import { ChangeSet, MapMode, Text } from "@codemirror/state";

const text = (value) => Text.of(value.split("\n"));
const set = (json) => ChangeSet.fromJSON(json);

const operations = {
  apply: ({ doc, a }) => set(a).apply(text(doc)).toJSON().join("\n"),
  compose: ({ a, b }) => set(a).compose(set(b)).toJSON(),
  map: ({ a, over, before }) => set(a).map(set(over), before).toJSON(),
  invert: ({ a, doc }) => set(a).invert(text(doc)).toJSON(),
  position: ({ a, pos, assoc }) => set(a).mapPos(pos, assoc),
  trackedPosition: ({ a, pos, assoc }) => set(a).mapPos(pos, assoc, MapMode.TrackDel),
  of: ({ specs, length }) =>
    ChangeSet.of(
      specs.map(([from, to, insert]) => ({ from, to, insert: text(insert) })),
      length,
    ).toJSON(),
  lineOffset: ({ doc, line }) => text(doc).line(line).from,
};

for await (const request of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  const question = JSON.parse(request);
  let answer;
  try {
    answer = { result: operations[question.op](question) };
  } catch (error) {
    answer = { error: String(error.message) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
