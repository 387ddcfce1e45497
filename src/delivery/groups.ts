import type { ExchangeGroup } from "../github/trust/index.ts";
import type { Intent } from "./intents.ts";

/** What applying an intent needs to be allowed. */
const GROUPS = {
  comment: "talk",
  review: "talk",
  reply: "talk",
  "sub-issue": "talk",
  branch: "publish",
  record: "publish",
  "pull-request": "publish",
  "auto-merge": "publish",
  disarm: "publish",
  // Resolving a conversation asks for both (P-resolve-thread).
  thread: "publish",
  "check-run": "gate",
  "stale-check": "gate",
} as const satisfies Record<Intent["kind"], ExchangeGroup>;

export const groupOf = (kind: Intent["kind"]): ExchangeGroup => GROUPS[kind];
