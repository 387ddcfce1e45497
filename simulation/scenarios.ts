/**
 * Worlds with a name: what goes wrong in each was chosen, not rolled. They are played before any others, and it is in them that a
 * process ends at each of its port calls in turn.
 */
import type { Trouble } from "./trouble.ts";

export interface Scenario {
  readonly name: string;
  /** Decides what the troubles leave open: latencies, findings, budgets. */
  readonly seed: number;
  readonly troubles: readonly Trouble[];
}

export const SCENARIOS: readonly Scenario[] = [
  { name: "nothing goes wrong", seed: 3, troubles: [] },
  { name: "reviews find something twice", seed: 7, troubles: [] },
  { name: "an answer to a write is lost, and lists are late", seed: 5, troubles: [{ kind: "request", nth: 12, what: "answer-lost-and-lists-late" }, { kind: "request", nth: 60, what: "answer-lost-and-lists-late" }] },
  {
    name: "the answer to each first write is lost",
    seed: 40,
    troubles: (["reactions", "comments", "dispatches", "trees", "commits", "refs", "pulls", "check-runs", "graphql"] as const).map((to) => ({ kind: "write", to, what: "answer-lost" })),
  },
  { name: "GitHub is out while the work goes on", seed: 9, troubles: [{ kind: "outage", atMs: 20_000, forMs: 90_000 }] },
  { name: "the model is overloaded and its stream breaks off", seed: 18, troubles: [{ kind: "model", nth: 2, what: "overloaded" }, { kind: "model", nth: 4, what: "cut" }, { kind: "model", nth: 6, what: "stream-error" }] },
  { name: "the model cannot be reached for three hours", seed: 19, troubles: [{ kind: "model-outage", atMs: 20_000, forMs: 3 * 60 * 60_000 }] },
  { name: "the label's webhook and those of the run are lost", seed: 20, troubles: [1, 2, 3, 4, 5, 6, 7, 8].map((nth) => ({ kind: "webhook", nth, what: "lost" })) },
  { name: "the money for the model is used up", seed: 21, troubles: [{ kind: "model", nth: 3, what: "spend-limit" }] },
  { name: "the agent job is lost while it codes, and its uploads break", seed: 22, troubles: [{ kind: "kill", who: "agent", nth: 1, atCall: 150, what: "machine" }, { kind: "upload", nth: 3, what: "answer-lost" }, { kind: "upload", nth: 5, what: "half-done" }] },
  { name: "somebody cancels", seed: 23, troubles: [{ kind: "cancel", atMs: 25_000 }] },
  { name: "webhooks come twice, late or never", seed: 24, troubles: [{ kind: "webhook", nth: 2, what: "twice" }, { kind: "webhook", nth: 4, what: "late" }, { kind: "webhook", nth: 5, what: "lost" }] },
  { name: "the App's token is not taken any more", seed: 25, troubles: [{ kind: "request", nth: 2, what: "token-refused" }, { kind: "request", nth: 14, what: "token-refused" }] },
  { name: "the label is taken off while the work goes on", seed: 28, troubles: [{ kind: "person", atMs: 20_000, what: "unlabel" }] },
  { name: "a branch's own workflow file offers a forged record", seed: 31, troubles: [{ kind: "kill", who: "agent", nth: 1, atCall: 160, what: "machine" }, { kind: "foreign", atMs: 9_600, what: "other-branch" }] },
  { name: "somebody labels again and again", seed: 32, troubles: [{ kind: "person", atMs: 3_000, what: "label-again" }, { kind: "person", atMs: 30_000, what: "label-again" }] },
  { name: "a deliver job stands still until another has delivered", seed: 52, troubles: [{ kind: "freeze", who: "deliver", nth: 1, atCall: 73, forMs: 3_600_000 }] },
  { name: "an agent job stands still until another has delivered", seed: 21, troubles: [{ kind: "freeze", who: "agent", nth: 1, atCall: 120, forMs: 3_600_000 }] },
  { name: "the default branch is rewritten before the work is delivered", seed: 3034, troubles: [{ kind: "person", atMs: 443, what: "rewrite-base" }] },
  { name: "a deliver job is lost behind its check run", seed: 7, troubles: [{ kind: "kill", who: "deliver", nth: 1, atCall: 101, what: "machine" }] },
  { name: "the disk of the runner breaks", seed: 39, troubles: [{ kind: "disk", nth: 25, what: "EIO" }] },
];
