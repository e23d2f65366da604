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
    /** Those the candidate may choose among; none: `model` alone. */
    models: string[];
    /** What the assistant may do: talk, propose changes too, or also run things. */
    mode: "chat" | "edit" | "agent";
    brief_shared: boolean;
    /** Whether the assistant looks at every file, or only at those attached. */
    tree_shared: boolean;
    co_edit: boolean;
    /** What all replies together may use; 0 is no bound. */
    budget_tokens: number;
    budget_cents: number;
    /** Minutes of the review that follows open work; 0 where there is none. */
    review_minutes: number;
    /** Whether tickets may be handed over. */
    delegation: boolean;
  };
}

export interface Boot {
  interview: string;
  role: Role;
  /** "tickets" on the candidate's page of that name, which takes over from no other. */
  page?: string;
  header: Header;
  briefHtml: string;
  openFirst: string[];
  urls: Record<string, string>;
  serverNow: number;
  /** How long the next phase is offered before it begins by itself. */
  betweenMs: number;
  locale: string;
  messages: Record<string, string>;
  snapshot?: State;
  /** Of a replay of work that was handed in: how many of the lines that each accepted hunk brought in stand in it unchanged. */
  fates?: { suggestion: string; hunk: string; lines: number; standing: number }[];
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
