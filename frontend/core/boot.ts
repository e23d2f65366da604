// What the page was served with.
// Owns reading the boot JSON and the CSP nonce. Invariant: read once, before anything is drawn, and not kept in the page: what is
// erased later must not stand there.

import type { Role } from "./events.ts";
import type { State } from "./state.ts";

export interface Header {
  id: string;
  created_at_ms: number;
  candidate: string;
  exercise: { id: string; version: number; title: string };
  settings: {
    minutes: number;
    grace_s: number;
    provider: string;
    model: string;
    brief_shared: boolean;
    co_edit: boolean;
  };
}

export interface Boot {
  interview: string;
  role: Role;
  header: Header;
  briefHtml: string;
  openFirst: string[];
  urls: Record<string, string>;
  serverNow: number;
  locale: string;
  messages: Record<string, string>;
  snapshot?: State;
}

// Parts of the page are run by Node too, which has none.
const page = globalThis.document as Document | undefined;
const served = page?.getElementById("boot");
export const boot: Boot = JSON.parse(served?.textContent ?? "{}");
served?.remove();
export const nonce: string = page?.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";

/** The address of another page of this interview. */
export function url(name: string): string {
  return boot.urls[name] ?? "#";
}
