/** The lines of the proof that this job and GitHub vouch for; each holds, or nothing is delivered. */
import type { Ticket } from "../github/trust/index.ts";
import type { DeliveryProof } from "../record/index.ts";
import { answerRows, code, counted, type ItemView, type ProofRow } from "../report/index.ts";
import type { Change } from "./change.ts";
import type { VerifiedTree } from "./verified.ts";

export interface Attested {
  readonly ticket: Ticket;
  readonly change: Change;
  readonly view: Pick<ItemView, "sessions" | "helpers" | "answers" | "opening">;
  /** The requester's role by API a moment ago. */
  readonly role: string;
  /** The agent job's part of the record. */
  readonly record: DeliveryProof["record"];
  /** What the job `verify` showed of these files; null where there is none. */
  readonly verified: VerifiedTree | null;
}

export function attestations({ ticket, change, view, role, record, verified }: Attested): readonly ProofRow[] {
  const { runId, artifacts, lines, streams } = record;
  return [
    { gate: "requester", check: "Asked for by somebody who may", result: "holds", detail: `${code(ticket.trigger.actor.login)} has ${code(role)} now; the issue is open and labelled`, attestedBy: "GitHub" },
    { gate: "provenance", check: "The record comes from this item's runs", result: "holds", detail: `${counted(artifacts.length, "artifact")} up to run ${runId}, by digest, repository, workflow file and event`, attestedBy: "GitHub" },
    { gate: "record", check: "The record is whole", result: "holds", detail: `${lines} lines in ${streams} streams; chain, session heads and ticket agree`, attestedBy: "deliver job" },
    // Each was compared with a ticket that the App signed (`judge`).
    ...answerRows(view, "deliver job"),
    { gate: "protected-paths", check: "No protected path is touched", result: "holds", detail: `${counted(change.files.length, "file")} changed`, attestedBy: "deliver job" },
    { gate: "tree", check: "The branch holds the record's files", result: "holds", detail: `GitHub built tree ${code(change.tree)} from them`, attestedBy: "GitHub" },
    ...(verified === null ? [] : [verifiedRow(verified)]),
  ];
}

/** Without walls a tested command could have written the job's result itself: that is not proven. */
function verifiedRow({ conclusion, claim: { tree, commands, sandbox, beside } }: VerifiedTree): ProofRow {
  const walls = sandbox === "bubblewrap" ? "in the sandbox" : "**without a full sandbox, so that what was tested could have said so itself**";
  return {
    gate: "verified",
    check: "The job `verify` passed on these files",
    result: sandbox === "bubblewrap" ? "holds" : "unknown",
    detail: `${conclusion}: ${commands.map(({ command, durationMs }) => `${code(command)} in ${(durationMs / 1000).toFixed(1)} s`).join(", ")} on tree ${code(tree)}, on a fresh runner, ${walls}${beside ? "; **set-up steps had changed tracked files beside**" : ""}`,
    attestedBy: "GitHub",
  };
}
