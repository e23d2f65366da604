// Words in the reader's language.
// Owns `t` and `tn`. Invariant: the key is the English text, and an untranslated one falls back to it.

import { boot } from "./boot.ts";

type Params = Record<string, string | number>;

/** The translation of `text`, with `%(name)s` filled from `params`. */
export function t(text: string, params?: Params): string {
  return fill(boot.messages?.[text] ?? text, params);
}

/** As `t`, choosing by the number `n`, which fills `%(n)s` too. */
export function tn(one: string, many: string, n: number, params?: Params): string {
  const text = n === 1 ? one : many;
  return fill(boot.messages?.[text] ?? text, { n, ...params });
}

function fill(text: string, params?: Params): string {
  if (!params) return text;
  return text.replace(/%\((\w+)\)[sd]/g, (whole, name: string) => String(params[name] ?? whole));
}

/** `text` cut at its `%(name)s` places, so that a component can stand there. */
export function around(text: string, name: string): [string, string] {
  const [before = "", after = ""] = (boot.messages?.[text] ?? text).split(`%(${name})s`);
  return [before, after];
}
