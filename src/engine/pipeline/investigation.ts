import { investigationSchema } from "../../workflow/index.ts";
import { noArtifact, stop, type ItemAction } from "./action.ts";
import { CONTRACT } from "./course.ts";
import { artifactOf, type ItemSession } from "./state.ts";

/** A cause that is less sure is a hypothesis: a fix built on it mends a symptom. */
export const SURE_ENOUGH = 0.8;
/** A closed list: a word that is not known may mean anything, the worst too. */
const BELOW_CRITICAL: ReadonlySet<string> = new Set(["trivial", "cosmetic", "low", "minor", "medium", "moderate", "normal", "high", "major"]);

/** Null when the cause is sure enough to be mended by a machine; else how the item ends, with the report as its result. */
export function afterInvestigation(last: ItemSession): ItemAction | null {
  const report = investigationSchema.safeParse(artifactOf(last, CONTRACT.investigation)).data;
  if (report?.rootCause === undefined || report.hypothesisConfidence === undefined || report.severity === undefined) return noArtifact(last, CONTRACT.investigation);
  const { rootCause, hypothesisConfidence, severity } = report;
  const found = `Most likely cause: ${rootCause} (confidence ${hypothesisConfidence}, severity ${severity}).`;
  if (!BELOW_CRITICAL.has(severity.trim().toLowerCase())) {
    return stop("reported", `The bug was investigated and is not mended by itself, since it is not known to be below critical. ${found}`, `Let a person decide: read the report (session ${last.sessionId}), and if the cause is right, say so in the task with how it should be mended, then start it again.`);
  }
  if (hypothesisConfidence >= SURE_ENOUGH) return null;
  return stop("reported", `The bug was investigated and nothing was mended: a fix needs a confidence of ${SURE_ENOUGH}. ${found}`, `Read the report (session ${last.sessionId}): it says what was ruled out. Put what would settle it into the task, a reproduction or a log, then start it again.`);
}
