import { cut, findingsTable, formatUsd, proofTable, sessionTable } from "../../report/index.ts";
import { unreachable } from "../../shared/unreachable.ts";
import type { CheckRunIntent } from "../intents.ts";
import type { Delivery } from "./delivery.ts";
import { noticed } from "./pull-request.ts";

/** Observed limit of `output.summary` and `output.text` each (P-check-size). */
const MAX_CHECK_CHARS = 65_535;

/** The proof as a check run: green only if every line of it holds (I4). @param mark of who merges, hidden */
export function checkRun(delivery: Delivery, mark: string): CheckRunIntent {
  const { proof, view, redact, runUrl, notes } = delivery;
  const mind = [...notes, ...noticed(view)].map((line) => `- ${line}`).join("\n");
  const note = `*Cut here. The whole record is in [the run](${runUrl}).*`;
  const summary = [mark, proofTable(proof), mind].filter((text) => text !== "").join("\n\n");
  const text = [sessionTable(view), findingsTable(view)].filter((part) => part !== "").join("\n\n");
  return {
    kind: "check-run",
    conclusion: CONCLUSIONS[proof.result],
    title: titleOf(delivery),
    summary: cut(redact(summary), MAX_CHECK_CHARS, note),
    text: cut(redact(text), MAX_CHECK_CHARS, note),
    detailsUrl: runUrl,
    // A finding that a review left is what `fix` works on.
    actions: [...(view.findings.some(({ fate }) => fate !== "gone") ? (["fix"] as const) : []), "explain"],
  };
}

/** What was not checked is not green: `neutral` does not stop a merge and does not vouch for it. */
const CONCLUSIONS = { holds: "success", fails: "failure", unknown: "neutral" } as const satisfies Record<Delivery["proof"]["result"], CheckRunIntent["conclusion"]>;

function titleOf({ proof, view }: Delivery): string {
  const cost = formatUsd(view.costMicroUsd);
  switch (proof.result) {
    case "holds":
      return `Reviewed and verified (${cost})`;
    case "unknown":
      return `Reviewed, not everything verified (${cost})`;
    case "fails":
      return "The proof does not hold";
    default:
      return unreachable(proof.result);
  }
}
