/**
 * All that a log tells of a work item, or of sessions that belong to none, as data: what the HTML page, the Markdown and `--json` of
 * `worktrain report` show. Texts are as they stand in the log; whoever shows them makes them harmless.
 */
import type { Reason, Usage } from "../record/index.ts";
import type { Classification, CodingHandoff } from "../workflow/index.ts";
import type { Activity } from "./activity.ts";
import type { FindingView } from "./findings.ts";
import type { DeliveryView, EffectView, IntakeView, ItemView, RunView } from "./item-view.ts";
import type { SavedFiles } from "./left-out.ts";
import type { Proof } from "./proof.ts";
import type { SessionView } from "./session-view.ts";
import type { PathStep } from "./step-path.ts";

/** How a thing is doing, for the colour it is shown in. */
export type Tone = "good" | "bad" | "waiting" | "neutral";

/** Where it stands: what happened and what a person can do next. */
export interface Standing {
  readonly tone: Tone;
  readonly headline: string;
  readonly meaning: string;
  readonly reason: Pick<Reason, "code" | "message"> | null;
  readonly next: string | null;
}

/** A place to look at first. */
export interface LookAt {
  readonly tone: Exclude<Tone, "good">;
  /** Markdown of one line, harmless. */
  readonly what: string;
  /** What a session, a person or a command said; null where our words are all. */
  readonly said: string | null;
  /** The part of the report that has more. */
  readonly section: "asked" | "understood" | "path" | "change" | "findings" | "proof" | "cost" | "timeline";
}

export interface SessionReport {
  readonly view: SessionView;
  /** `fix, round 2`; of one that works for another what it is: `reviewer 2`. */
  readonly name: string;
  /** Of slices that were at work at the same time; null for any other. */
  readonly wave: number | null;
  /** Why the pipeline ran it, or what tells apart what it was asked by the session that it worked for; empty where that is not recorded. */
  readonly why: string;
  /** 0 for one of the pipeline; 1 for one that works for it, and so on. */
  readonly depth: number;
  readonly path: readonly PathStep[];
  readonly activity: readonly Activity[];
  /** At work, without the time it waited for a person or for its next run. */
  readonly workedMs: number;
}

export interface Report {
  readonly v: 1;
  readonly kind: "item" | "session";
  readonly id: string;
  readonly title: string;
  readonly standing: Standing;
  readonly lookFirst: readonly LookAt[];
  readonly asked: { readonly text: string; readonly base: { readonly ref: string; readonly sha: string } | null; readonly runs: readonly RunView[]; readonly intake: IntakeView };
  readonly understood: Classification | null;
  /** The pipeline's mode with its reasons, what a person said to how the task was understood, and whether a person has to merge. */
  readonly route: Pick<ItemView, "mode" | "answer" | "escalated">;
  readonly handoff: CodingHandoff | null;
  readonly files: SavedFiles;
  readonly sessions: readonly SessionReport[];
  readonly slices: ItemView["slices"];
  readonly findings: readonly FindingView[];
  readonly brought: ItemView["brought"];
  readonly reviewRounds: number;
  readonly proof: Proof;
  readonly effects: readonly EffectView[];
  readonly delivery: DeliveryView | null;
  readonly turns: number;
  readonly usage: Usage;
  readonly costMicroUsd: number;
  readonly estimate: ItemView["estimate"];
  readonly workedMs: number;
  /** Times of the first and the last line; null in an empty log. */
  readonly began: string | null;
  readonly last: string | null;
  readonly lines: number;
  readonly streams: number;
}
