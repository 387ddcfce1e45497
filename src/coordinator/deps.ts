import type { AgentEndpoint, Steer } from "../agent/index.ts";
import type { Journal } from "../journal/index.ts";
import type { Duplicate, EndingCode, ItemEvent, Phase, PipelineMode, RequiredArtifact, SessionOutcome } from "../record/index.ts";
import type { Refusal } from "../shared/errors.ts";
import type { Clock, Random } from "../shared/ports.ts";
import type { Result } from "../shared/result.ts";
import type { Plan } from "../workflow/index.ts";
import type { Sandbox, SlicePlace, Workspace } from "../workspace/index.ts";
import type { EarlierWork } from "./context/earlier-work.ts";
import type { Prompt, Rule } from "./prompt/index.ts";

/** What an item is likely to cost, as a run journals it before it works. */
export type Estimate = NonNullable<Extract<ItemEvent, { kind: "run_opened" }>["data"]["estimate"]>;

type AmountLimits = Partial<Omit<ItemBudget, "session" | "phases">>;

/** Limits of a whole work item over all its sessions; the ticket's caps on GitHub, the config's or flags' locally. */
export interface ItemBudget {
  readonly turns: number;
  readonly tokens: number;
  /** Cached ones included. */
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly costMicroUsd: number;
  readonly ms: number;
  /** Time that tools run; those side by side each count. */
  readonly toolMs?: number;
  /** Limits of each session by itself, beside those of the item. */
  readonly session?: AmountLimits;
  /** Limits of all sessions of a phase together, over its rounds. */
  readonly phases?: Readonly<Partial<Record<Phase, AmountLimits>>>;
}

/** Where a save stands in the item's course; becomes the segment artifact's name. */
export interface Boundary {
  readonly phase: Phase;
  readonly step: string;
  readonly costMilliUsd: number;
  readonly ending: EndingCode | null;
}

/** Persists what the journal gained; the work waits for it only at its end. */
export interface Saving {
  /** Where the item stands: names what is saved next. */
  at(boundary: Boundary): void;
  /** A boundary is reached: it is saved while the work goes on. */
  soon(boundary: Boundary): void;
  /** Resolves when everything is stored. @throws RetryableError or TerminalError when it stays unsaved */
  now(boundary: Boundary): Promise<unknown>;
}

export type ModelTier = "lightweight" | "mid" | "heavy";

/** What a run shows while it goes; for display only. */
export type ItemProgress =
  /** Before the first session of an item. */
  | { readonly kind: "estimate"; readonly estimate: Estimate }
  | { readonly kind: "mode"; readonly mode: PipelineMode; readonly why: readonly string[] }
  /** A command that the host runs for the item, outside of any session. */
  | { readonly kind: "host-command"; readonly why: string; readonly command: string }
  | { readonly kind: "phase"; readonly phase: Phase; readonly round: number; readonly sessionId: string; readonly resumed: boolean }
  /** What a session's agent is opened with; a resumed conversation keeps what it was opened with. */
  | { readonly kind: "prompt"; readonly phase: Phase; readonly prompt: Prompt }
  | { readonly kind: "step"; readonly phase: Phase; readonly step: string; readonly title: string }
  | { readonly kind: "turn"; readonly phase: Phase; readonly step: string; readonly turns: number; readonly tokens: number; readonly costMicroUsd: number }
  /** The model is not to be had now; it is asked again after `ms`. */
  | { readonly kind: "wait"; readonly phase: Phase; readonly step: string; readonly reason: string; readonly ms: number }
  | { readonly kind: "tool"; readonly phase: Phase; readonly step: string; readonly tool: string }
  | { readonly kind: "blocked"; readonly phase: Phase; readonly step: string; readonly messages: readonly string[] }
  /** A session that works for another: started (null) or over. */
  | { readonly kind: "helper"; readonly phase: Phase; readonly role: string; readonly sessionId: string; readonly outcome: SessionOutcome | null }
  /** What a slice changed was merged, or not. */
  | { readonly kind: "slice"; readonly sliceId: string; readonly how: "nothing" | "fast-forward" | "merged" | "resolved" | "conflict" }
  /** What was to be done after the end, and could not be. */
  | { readonly kind: "left-out"; readonly what: string; readonly why: string }
  | { readonly kind: "saved"; readonly name: string };

/** A person's answer to a gate, from what the host may trust and nothing a run wrote: on GitHub the ticket. */
export interface PersonsAnswer {
  /** Name of the gate in the record; it answers no other. */
  readonly gate: string;
  readonly verdict: "approved" | "rejected";
  readonly reason: string;
  readonly by: string;
}

/** What only the place the item comes from can tell; on GitHub by reads. */
export interface Surroundings {
  /** Which paths may hold. */
  readonly issueNumber: number;
  /** What the config asks for now: a run that waits goes by what it says by then. */
  readonly requires: readonly RequiredArtifact[];
  /** The commit that a new item would build on now. */
  readonly newestBase: { readonly ref: string; readonly sha: string };
  /** Labels the issue has now. */
  labels(): Promise<readonly string[]>;
  /** What has the work already. @param taskKey what the task asks for (`taskKeyOf`), which others are told as well; null before it is known */
  duplicates(taskKey: string | null): Promise<readonly Duplicate[]>;
}

export interface CoordinatorDeps {
  readonly journal: Journal;
  /** The journal's own redaction: what is folded in memory must be what stands in the log. */
  readonly redact: (text: string) => string;
  readonly clock: Clock;
  readonly random: Random;
  /** Finds a workflow by id, for the pipeline's sessions and for those that work for them. */
  readonly findPlan: (workflowId: string) => Result<Plan, Refusal>;
  /** `owner/name` on GitHub; null for a local task. */
  readonly repository: string | null;
  readonly workspace: Workspace;
  readonly sandbox: Sandbox;
  /** Opens a place of its own for a slice, with `beside` of them at work at the same time. Absent where work is not cut into slices. */
  readonly openSlice?: (id: string, beside: number) => Promise<SlicePlace>;
  /** `name` does what names no tier, or a tier that is not mapped. */
  readonly model: { readonly endpoint: AgentEndpoint; readonly name: string; readonly tiers: Readonly<Record<ModelTier, string>> };
  /** Instructions of the operator and the repository, from the base commit (`readRules`). */
  readonly rules: readonly Rule[];
  /** Tokens of a session's context package; absent: by the model's window. */
  readonly contextTokens?: number | null;
  /** Other work items of the repository that this host has at hand; absent where it has none. */
  readonly earlierWork?: () => readonly EarlierWork[];
  readonly budget: ItemBudget;
  /** The repository's commands from its config on the default branch. */
  readonly commands: { readonly test: string | null };
  /** How long a command took as a verification before, in milliseconds; its time-out goes by it. */
  readonly pastVerifications?: (command: string) => readonly number[];
  /** Null where the journal itself is the last word (local runs). */
  readonly saving: Saving | null;
  readonly onProgress: (progress: ItemProgress) => void;
  /** Absent for a local task: nothing else can be at it, and it has no labels. */
  readonly surroundings?: Surroundings;
  /** What this run was started with for the gate the item waits at. */
  readonly answer?: PersonsAnswer;
  /** What this run is to answer of what the item has delivered; no earlier one has answered it. */
  readonly followUp?: Extract<ItemEvent, { kind: "item_followed_up" }>["data"];
  /** A person asked this run to go on from before a phase, the latest where none is named. */
  readonly retry?: { readonly phase: Phase | null; readonly by: string };
  /** What people want to say to a session now; asked before each request of it. */
  readonly steers?: (sessionId: string) => Promise<readonly Steer[]>;
  readonly signal: AbortSignal;
}
