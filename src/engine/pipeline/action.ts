import type { EndingCode, Phase, Reason, SnapshotRef } from "../../record/index.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { ModeChoice } from "./modes.ts";
import type { ItemSession } from "./state.ts";

export interface RunSession {
  readonly kind: "run-session";
  readonly phase: Phase;
  readonly round: number;
  readonly workflowId: string;
  readonly context: JsonObject;
  /** The only tools of the session, whatever its workflow allows. */
  readonly allowedTools?: readonly string[];
  readonly why?: string;
}

export type ItemAction =
  | RunSession
  | ({ readonly kind: "choose-mode" } & ModeChoice)
  /** A person has to answer before anything else happens; until then the item is left as it is. */
  | { readonly kind: "ask"; readonly question: string; readonly fix: string }
  /** The host runs the repository's tests on the base, before anything changes. */
  | { readonly kind: "test-base" }
  /** The host runs a finding's command on a copy of these files. */
  | { readonly kind: "check-finding"; readonly round: number; readonly command: string; readonly snapshot: SnapshotRef }
  | { readonly kind: "resume-session"; readonly session: ItemSession }
  | { readonly kind: "deliver"; readonly snapshot: SnapshotRef }
  | { readonly kind: "stop"; readonly ending: EndingCode; readonly reason: Reason }
  | { readonly kind: "ended" };

export const runSession = (session: Omit<RunSession, "kind">): RunSession => ({ kind: "run-session", ...session });

export const stop = (code: EndingCode, message: string, fix: string): ItemAction => ({ kind: "stop", ending: code, reason: { code, message, fix } });

export const noArtifact = (last: ItemSession, contractRef: string): ItemAction =>
  stop("no-verdict", `The ${last.phase} session ended without a valid ${contractRef}.`, "A missing or broken result counts as a failed gate. Start it again to try once more.");
