import type { EndingCode, Phase, Reason, RequiredArtifact, SnapshotRef } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { ModeChoice } from "./modes.ts";
import type { ItemSession, Question, SliceConflict, SlicePlace } from "./state.ts";

export interface RunSession {
  readonly kind: "run-session";
  readonly phase: Phase;
  readonly round: number;
  readonly workflowId: string;
  readonly context: JsonObject;
  /** The only tools of the session, whatever its workflow allows. */
  readonly allowedTools?: readonly string[];
  readonly why?: string;
  /** Of a change that was cut into slices: which one it is for. */
  readonly slice?: SlicePlace;
}

/** What a slice changed is to become part of the whole. */
export interface IntegrateSlice {
  readonly kind: "integrate-slice";
  readonly sliceId: string;
  readonly sessionId: string;
  /** The files it began with, those of the whole, and those it left; null is the base commit itself, of `theirs` that it changed nothing. */
  readonly base: SnapshotRef | null;
  readonly ours: SnapshotRef | null;
  readonly theirs: SnapshotRef | null;
  /** The conflict that the session was to resolve; null when nothing was merged yet. */
  readonly resolves: SliceConflict | null;
  /** The files that the session left. */
  readonly left: SnapshotRef | null;
}

/** The host looks around before work goes on; where something required was `missing` the last time, the item waits until it is there. */
export interface Look {
  readonly kind: "look";
  readonly at: "opened" | "classified";
  /** What the task asks for, as it was classified; null before that. */
  readonly key: string | null;
  readonly missing: readonly RequiredArtifact[];
}

export type ItemAction =
  | RunSession
  | Look
  | ({ readonly kind: "choose-mode" } & ModeChoice)
  /** A person has to answer before anything else happens; until then the item is left as it is. `proposal`: what they would approve. */
  | { readonly kind: "ask"; readonly about: Question; readonly proposal: Json | null; readonly question: string; readonly fix: string }
  /** The host runs the repository's tests on the base, before anything changes. */
  | { readonly kind: "test-base" }
  /** The host runs a finding's command on a copy of these files. */
  | { readonly kind: "check-finding"; readonly round: number; readonly command: string; readonly snapshot: SnapshotRef }
  /** The host looks for marks of the conflict in what a session left of the merge with a moved base. */
  | { readonly kind: "check-merge"; readonly snapshot: SnapshotRef; readonly ours: SnapshotRef }
  | { readonly kind: "resume-session"; readonly session: ItemSession }
  /** Sessions of slices, to be run side by side. */
  | { readonly kind: "resume-slices"; readonly sessions: readonly ItemSession[] }
  | IntegrateSlice
  | { readonly kind: "deliver"; readonly snapshot: SnapshotRef }
  | { readonly kind: "stop"; readonly ending: EndingCode; readonly reason: Reason }
  | { readonly kind: "ended" };

export const runSession = (session: Omit<RunSession, "kind">): RunSession => ({ kind: "run-session", ...session });

export const stop = (code: EndingCode, message: string, fix: string): ItemAction => ({ kind: "stop", ending: code, reason: { code, message, fix } });

export const noArtifact = (last: ItemSession, contractRef: string): ItemAction =>
  stop("no-verdict", `The ${last.phase} session ended without a valid ${contractRef}.`, "A missing or broken result counts as a failed gate. Start it again to try once more.");
