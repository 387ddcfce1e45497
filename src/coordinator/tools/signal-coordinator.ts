/** The agent's word to the code that runs it. What comes of it is decided here, by rule, and journaled with its reason. */
import { z } from "zod";
import type { Tool } from "../../agent/index.ts";
import { coordinatorSignalKindSchema, type Autonomy, type CoordinatorSignalKind } from "../../record/index.ts";
import { canonicalJson } from "../../shared/json.ts";
import { revealHidden } from "../../shared/hidden.ts";
import type { Seat } from "../tree.ts";

const MAX_SUMMARY_CHARS = 2_000;
const MAX_PAYLOAD_BYTES = 32 * 1024;

/** The input; the artifact wr.contracts.coordinator_signal with words for people. */
const input = z.object({
  signalKind: coordinatorSignalKindSchema,
  summary: z.string().trim().min(1).max(MAX_SUMMARY_CHARS).describe("What it is, for a person: what is needed, from whom, and why it cannot be had from here."),
  payload: z.json().default(null).describe("Details as data."),
});

interface Decision {
  readonly decision: "noted" | "gap" | "stopped";
  readonly reason: string;
}

/** Needs of a person stop a session that may stop for them; where the workflow says to go on without, they are gaps. */
export function decideSignal(kind: CoordinatorSignalKind, autonomy: Autonomy): Decision {
  if (kind === "progress" || kind === "finding") return { decision: "noted", reason: "It asks for nothing." };
  if (autonomy === "full_auto_never_stop") return { decision: "gap", reason: "The session runs without stopping for people." };
  return { decision: "stopped", reason: "Only a person can give it, and nobody answers in an autonomous run." };
}

/** Reasons of a session that its agent's signal ended, as the pipeline reads them. */
const STOP_CODE = { data_needed: "data_needed", approval_needed: "approval_needed", blocked: "agent_blocked" } as const;

export const signalTool = ({ session }: Seat): Tool => ({
  name: "signal_coordinator",
  description:
    "Tells the code that runs you how things stand. progress and finding are noted. data_needed, approval_needed and blocked say that you cannot go on without a person: " +
    "the session then ends with your words as the reason, so use them only when nothing you can do yourself would help.",
  schema: input,
  readOnly: false,
  async run(given) {
    const { signalKind, payload, ...words } = input.parse(given);
    // It becomes the reason that people read on their terminals and pages.
    const summary = revealHidden(words.summary);
    const bytes = bytesOf(payload);
    if (bytes > MAX_PAYLOAD_BYTES) return { content: `The payload has ${bytes} bytes; the limit is ${MAX_PAYLOAD_BYTES}. Nothing was signalled. Send less.`, isError: true };
    const state = session.state();
    const autonomy = state.kind === "new" ? "guided" : state.facts.start.autonomy;
    const { decision, reason } = decideSignal(signalKind, autonomy);
    await session.record({ kind: "coordinator_signalled", data: { stepId: session.offer()?.stepId ?? null, signalKind, summary, payload, decision, reason } });
    if (decision === "noted") return { content: "Noted. Go on with the step.", isError: false };
    if (decision === "gap" || signalKind === "progress" || signalKind === "finding") return { content: "Recorded as left open; nobody will answer. Go on with what you have, and say in your notes what you assumed.", isError: false };
    await session.stop("stopped", { code: STOP_CODE[signalKind], message: summary });
    return { content: "The session ends here; a person is told why.", isError: false, ends: "session_over" };
  },
});

const bytesOf = (value: unknown): number => Buffer.byteLength(canonicalJson(value));
