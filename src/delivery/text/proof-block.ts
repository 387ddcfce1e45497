/** The proof as the pull request shows it: made from the record's event alone, between two marks, so that it can be compared again. */
import type { DeliveryProof } from "../../record/index.ts";
import { counted, cut, formatUsd, proofTable, type Attester, type ProofRow } from "../../report/index.ts";

const BEGIN = "<!-- worktrain:proof -->";
const END = "<!-- worktrain:proof end -->";
const MAX_TABLE_CHARS = 12_000;

export function proofBlock(recorded: DeliveryProof): string {
  const { findings, cost } = recorded;
  const found = findings.found === 0 ? "no findings" : `${counted(findings.found, "finding")}, ${findings.fixed} fixed`;
  return [
    BEGIN,
    cut(proofTable({ rows: rowsOf(recorded) }), MAX_TABLE_CHARS, "*More was checked; see the run.*"),
    `${counted(findings.rounds, "completed round")} of review: ${found}. In all ${counted(cost.turns, "model turn")} and ${formatUsd(cost.microUsd)}.`,
    `What the agent job says is a claim: it ran what the session wrote. What GitHub says can be looked up there. ${basis(recorded)}`,
    END,
  ].join("\n\n");
}

function basis({ commands, verified }: DeliveryProof): string {
  if (verified !== undefined) return "That the commands pass rests on the job `verify`, whose conclusion GitHub states.";
  const passed = commands.length > 0 && commands.every(({ exitCode, timedOut }) => exitCode === 0 && !timedOut);
  return `Whether the tests pass, CI says; the agent job's own claim: ${commands.length === 0 ? "none was run" : passed ? "passed" : "not all passed in every session"}.`;
}

function rowsOf({ gates, sessions }: DeliveryProof): readonly ProofRow[] {
  return gates.map(({ gate, result, attestedBy, check, detail, sessionId }) => {
    const session = sessions.find((each) => each.sessionId === sessionId);
    return { gate, result, check, detail, attestedBy: ATTESTERS.find((each) => each === attestedBy) ?? "this report", ...(session === undefined ? {} : { session }) };
  });
}

const ATTESTERS: readonly Attester[] = ["GitHub", "deliver job", "agent job"];

/** The block of a pull request's body, or what is wrong with it there. Line ends are those the web editor may have changed. */
export function findProofBlock(body: string): { readonly block: string } | { readonly wrong: string } {
  const text = body.replaceAll("\r\n", "\n");
  const [before, ...rest] = text.split(BEGIN);
  if (before === undefined || rest.length === 0) return { wrong: "has no proof in it any more" };
  const [inside, ...after] = (rest[0] ?? "").split(END);
  if (rest.length > 1 || after.length !== 1 || before.includes(END)) return { wrong: "does not have exactly one proof in it" };
  return { block: `${BEGIN}${inside}${END}` };
}
