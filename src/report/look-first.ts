/** What a reader should look at first, worst first. Code alone picks it: from the proof, the findings, the path and what sessions reported. */
import { statementText } from "../workflow/index.ts";
import type { FindingView } from "./findings.ts";
import { counted } from "./markdown.ts";
import { noticesOf } from "./notices.ts";
import type { LookAt, Report } from "./report.ts";
import { nameOf } from "./step-path.ts";

/** More than that is no first look. */
const MOST_SHOWN = 15;

type Told = Omit<Report, "lookFirst">;

export function lookFirst(report: Told): readonly LookAt[] {
  const all = [...openGates(report), ...escalated(report), ...unproven(report), ...openFindings(report), ...leftOut(report), ...notices(report), ...notAtOnce(report), ...dropped(report), ...earlierFindings(report), ...handedOver(report), ...beyondEstimate(report)];
  if (all.length <= MOST_SHOWN) return all;
  return [...all.slice(0, MOST_SHOWN - 1), look("neutral", "path", { what: `${counted(all.length - MOST_SHOWN + 1, "more point")}: see the sections below` })];
}

const look = (tone: LookAt["tone"], section: LookAt["section"], { what, said = null }: { readonly what: string; readonly said?: string | null }): LookAt => ({ tone, section, what, said });

const openGates = ({ sessions }: Told): readonly LookAt[] =>
  sessions.flatMap(({ name, path }) => path.filter(({ state, gates }) => state === "waits" && gates.at(-1)?.gate === "human_approval").map((step) => look("waiting", "path", { what: "Waits for a person's answer", said: `${nameOf(step)} (${name}): ${step.gates.at(-1)?.question ?? ""}` })));

const escalated = ({ route }: Told): readonly LookAt[] => (route.escalated ? [look("waiting", "findings", { what: "A review found something **blocking** on the way: a person has to merge what came of it" })] : []);

/** Where nothing was to be delivered the standing says why, and lines of the proof would only repeat it. */
const unproven = ({ proof, standing }: Told): readonly LookAt[] =>
  standing.tone !== "good"
    ? []
    : proof.rows.filter(({ result }) => result !== "holds").map(({ result, check, detail }) => look(result === "fails" ? "bad" : "waiting", "proof", { what: `${result === "fails" ? "Does not hold" : "Not proven"}: ${check} (${detail})` }));

const placed = ({ summary, file, line }: FindingView): string => `${summary}${file === undefined ? "" : ` (${file}${line === undefined ? "" : `:${line}`})`}`;

const openFindings = ({ findings }: Told): readonly LookAt[] => findings.filter(({ fate }) => fate === "open").map((finding) => look("bad", "findings", { what: `Open ${finding.severity} finding`, said: placed(finding) }));

const leftOut = ({ files }: Told): readonly LookAt[] => files.leftOut.map(({ path, reason }) => look("waiting", "change", { what: "A file differs and is not in the change", said: `${path}: ${reason}` }));

const notices = ({ asked, sessions }: Told): readonly LookAt[] =>
  noticesOf({ runs: asked.runs, intake: asked.intake, sessions: [], helpers: sessions.map(({ view }) => view) }).map(({ what, said, detail, strong }) => look(strong ? "waiting" : "neutral", strong ? "asked" : "timeline", { what: detail === "" ? what : `${what} ${detail}`, said }));

/** Steps that did not count the first time: where the model was wrong about its own work. */
const notAtOnce = ({ sessions }: Told): readonly LookAt[] =>
  sessions.flatMap(({ name, path }) => path.filter(({ blockers }) => blockers.length > 0).map((step) => look("neutral", "path", { what: `A step did not count at once, for ${counted(step.blockers.length, "reason")}`, said: `${nameOf(step)} (${name}): ${step.blockers[0] ?? ""}` })));

/** What a reviewer would have stopped the change for, and the verdict did not take. */
const dropped = ({ brought }: Told): readonly LookAt[] =>
  brought.flatMap(({ severity, summary, reviewer, round, answer }) => (answer?.fate === "dropped" && (severity === "critical" || severity === "major") ? [look("waiting", "findings", { what: `A ${severity} finding of a reviewer was dropped: read why`, said: `${summary} (${reviewer}, round ${round}): ${answer.reason}` })] : []));

/** A place that was wrong once is the likeliest to be wrong still. */
const earlierFindings = ({ findings }: Told): readonly LookAt[] =>
  findings.flatMap((finding) => {
    switch (finding.fate) {
      case "gone":
        return [look("neutral", "findings", { what: `Check the fix of a ${finding.severity} finding`, said: placed(finding) })];
      case "repeated":
        return [look("neutral", "findings", { what: `A ${finding.severity} finding that came back after a fix`, said: placed(finding) })];
      case "accepted":
        return [look("neutral", "findings", { what: "A nit that was left as it is", said: placed(finding) })];
      default:
        return [];
    }
  });

function handedOver({ handoff, understood }: Told): readonly LookAt[] {
  const each = (what: string, section: LookAt["section"], texts: readonly string[] | undefined): readonly LookAt[] => (texts ?? []).map((said) => look("neutral", section, { what, said }));
  return [
    ...each("An ambiguity of the task", "understood", understood?.ambiguities),
    ...each("An assumption that was corrected", "change", handoff?.correctedAssumptions?.map(statementText)),
    ...each("A known limit of the change", "change", handoff?.knownLimitations),
    ...each("A side effect of the change", "change", handoff?.sideEffects),
  ];
}

const beyondEstimate = ({ costMicroUsd, estimate }: Told): readonly LookAt[] => (estimate !== null && costMicroUsd > estimate.highMicroUsd ? [look("waiting", "cost", { what: "It cost more than was expected" })] : []);
