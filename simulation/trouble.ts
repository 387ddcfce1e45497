/**
 * What goes wrong in one world, as a list: small enough to read, and to shrink by leaving entries out. Positions count from 1
 * over the whole world, so that the same list makes the same world every time.
 */
import { diceOf, type Dice } from "./dice.ts";

export type Trouble =
  /** The nth request to GitHub, whoever sends it. */
  | { readonly kind: "request"; readonly nth: number; readonly what: (typeof REQUEST_TROUBLE)[number] }
  /** The first write to an address that ends so. */
  | { readonly kind: "write"; readonly to: (typeof WRITES)[number]; readonly what: (typeof REQUEST_TROUBLE)[number] }
  /** GitHub answers 503 for a while. */
  | { readonly kind: "outage"; readonly atMs: number; readonly forMs: number }
  /** The nth webhook. */
  | { readonly kind: "webhook"; readonly nth: number; readonly what: (typeof WEBHOOK_TROUBLE)[number] }
  /** The nth request to the model. */
  | { readonly kind: "model"; readonly nth: number; readonly what: (typeof MODEL_TROUBLE)[number] }
  /** The model's API answers nothing but 529 for a while. */
  | { readonly kind: "model-outage"; readonly atMs: number; readonly forMs: number }
  /** The nth process of its sort ends at its `atCall`th call of a port, without a word; its machine goes on, or is lost with it. */
  | { readonly kind: "kill"; readonly who: (typeof PROCESSES)[number] | "post"; readonly nth: number; readonly atCall: number; readonly what: "process" | "machine" }
  /** The machine of the nth job of its sort stands still from its `atCall`th port call on. GitHub takes it for lost; later it goes on. */
  | { readonly kind: "freeze"; readonly who: "agent" | "deliver"; readonly nth: number; readonly atCall: number; readonly forMs: number }
  /** Somebody cancels the run that is going. */
  | { readonly kind: "cancel"; readonly atMs: number }
  /** The nth upload of an artifact. */
  | { readonly kind: "upload"; readonly nth: number; readonly what: (typeof UPLOAD_TROUBLE)[number] }
  /** The nth artifact that was stored is not there any more, or is another, when it is wanted. */
  | { readonly kind: "artifact"; readonly nth: number; readonly what: (typeof ARTIFACT_TROUBLE)[number] }
  /** A run of somebody else offers artifacts named like ours. */
  | { readonly kind: "foreign"; readonly atMs: number; readonly what: (typeof FOREIGN_TROUBLE)[number] }
  /** The nth sync of a file on a runner fails. */
  | { readonly kind: "disk"; readonly nth: number; readonly what: "EIO" | "ENOSPC" }
  /** The wall clock of the nth process of its sort is wrong by so much. */
  | { readonly kind: "clock"; readonly who: (typeof PROCESSES)[number]; readonly nth: number; readonly byMs: number }
  /** What people do meanwhile. */
  | { readonly kind: "person"; readonly atMs: number; readonly what: (typeof PERSON_TROUBLE)[number] };

const REQUEST_TROUBLE = ["lost", "answer-lost", "answer-lost-and-lists-late", "bad-gateway", "rate-limit", "secondary-limit", "token-refused", "slow"] as const;
const WRITES = ["reactions", "comments", "dispatches", "trees", "commits", "refs", "pulls", "check-runs", "graphql"] as const;
const WEBHOOK_TROUBLE = ["lost", "twice", "late"] as const;
const MODEL_TROUBLE = ["overloaded", "server-error", "rate-limit", "spend-limit", "cut", "stream-error", "stall", "refusal", "max-tokens", "words-only", "unknown-tool", "bad-arguments", "same-again", "wrong-artifact", "leaves-tests-red"] as const;
const PROCESSES = ["app", "agent", "deliver"] as const;
const UPLOAD_TROUBLE = ["quota", "outage", "answer-lost", "half-done"] as const;
const ARTIFACT_TROUBLE = ["expired", "deleted", "damaged"] as const;
const FOREIGN_TROUBLE = ["other-workflow", "other-branch"] as const;
const PERSON_TROUBLE = ["unlabel", "close", "edit-issue", "push-base", "rewrite-base", "push-branch", "delete-comment", "lose-permission", "re-run", "label-again", "archive"] as const;

/** Most of the work of a world is over by then. */
const BUSY_MS = 90_000;

/** The troubles of a world. One in eight has none: what must work without any has to be seen to. */
export function troublesOf(seed: number): readonly Trouble[] {
  const dice = diceOf(seed, "troubles");
  if (dice.chance(1 / 8)) return [];
  const troubles = Array.from({ length: 1 + dice.below(5) }, () => rolled(dice));
  // With dice of their own, so that what is rolled here leaves all other worlds as they are.
  const outage = diceOf(seed, "model-outage");
  if (!outage.chance(1 / 16)) return troubles;
  return [...troubles, { kind: "model-outage", atMs: Math.round(outage.next() ** 2 * BUSY_MS), forMs: 60_000 * (5 + outage.below(600)) }];
}

function rolled(dice: Dice): Trouble {
  const when = (): number => Math.round(dice.next() ** 2 * BUSY_MS);
  switch (dice.below(16)) {
    case 0:
    case 1:
      return { kind: "write", to: dice.pick(WRITES), what: dice.pick(REQUEST_TROUBLE) };
    case 2:
      return { kind: "request", nth: 1 + dice.below(70), what: dice.pick(REQUEST_TROUBLE) };
    case 3:
      return { kind: "outage", atMs: when(), forMs: 1_000 * (1 + dice.below(600)) };
    case 4:
      return { kind: "webhook", nth: 1 + dice.below(8), what: dice.pick(WEBHOOK_TROUBLE) };
    case 5:
    case 6:
      return { kind: "model", nth: 1 + dice.below(12), what: dice.pick(MODEL_TROUBLE) };
    case 7:
      if (dice.chance(0.25)) return { kind: "freeze", who: dice.pick(["agent", "deliver"] as const), nth: 1, atCall: 1 + dice.below(150), forMs: 60_000 * (1 + dice.below(120)) };
      return { kind: "kill", who: "agent", nth: 1 + dice.below(2), atCall: 1 + dice.below(250), what: dice.pick(["process", "machine"] as const) };
    case 8:
      return { kind: "kill", who: dice.pick(["deliver", "app"] as const), nth: 1, atCall: 1 + dice.below(90), what: "machine" };
    case 9:
      return { kind: "cancel", atMs: when() };
    case 10:
      return { kind: "upload", nth: 1 + dice.below(14), what: dice.pick(UPLOAD_TROUBLE) };
    case 11:
      return { kind: "artifact", nth: 1 + dice.below(14), what: dice.pick(ARTIFACT_TROUBLE) };
    case 12:
      return { kind: "foreign", atMs: when(), what: dice.pick(FOREIGN_TROUBLE) };
    case 13:
      return dice.chance(0.5) ? { kind: "disk", nth: 1 + dice.below(60), what: dice.pick(["EIO", "ENOSPC"] as const) } : { kind: "clock", who: dice.pick(PROCESSES), nth: 1, byMs: dice.pick([-1, 1]) * 60_000 * (1 + dice.below(60)) };
    default:
      return { kind: "person", atMs: when(), what: dice.pick(PERSON_TROUBLE) };
  }
}

/** One trouble as a line for a reader. */
export function troubleWords(trouble: Trouble): string {
  switch (trouble.kind) {
    case "request":
      return `request ${trouble.nth} to GitHub: ${trouble.what}`;
    case "write":
      return `the first write to /${trouble.to}: ${trouble.what}`;
    case "outage":
      return `GitHub answers 503 from ${trouble.atMs} ms on, for ${trouble.forMs} ms`;
    case "webhook":
      return `webhook ${trouble.nth}: ${trouble.what}`;
    case "model":
      return `request ${trouble.nth} to the model: ${trouble.what}`;
    case "model-outage":
      return `the model answers 529 from ${trouble.atMs} ms on, for ${trouble.forMs} ms`;
    case "kill":
      return `process ${trouble.who} ${trouble.nth} is killed at its port call ${trouble.atCall}${trouble.what === "machine" ? ", and its machine is lost" : ""}`;
    case "freeze":
      return `the machine of ${trouble.who} ${trouble.nth} stands still at port call ${trouble.atCall}, for ${trouble.forMs} ms`;
    case "cancel":
      return `the run is cancelled at ${trouble.atMs} ms`;
    case "upload":
      return `upload ${trouble.nth}: ${trouble.what}`;
    case "artifact":
      return `stored artifact ${trouble.nth}: ${trouble.what}`;
    case "foreign":
      return `artifacts named like ours from ${trouble.what} at ${trouble.atMs} ms`;
    case "disk":
      return `sync ${trouble.nth} of a runner's disk: ${trouble.what}`;
    case "clock":
      return `clock of ${trouble.who} ${trouble.nth} is wrong by ${trouble.byMs} ms`;
    case "person":
      return `somebody at ${trouble.atMs} ms: ${trouble.what}`;
  }
}
