import type { JsonObject } from "../../../shared/json.ts";
import { textsOf } from "../flow.ts";
import { isMapping, type PlacedStep } from "../placed-steps.ts";
import type { LintRule, LintSubject } from "../subject.ts";

/** Code acts on these whenever they come. */
const READ_BY_CODE: ReadonlySet<string> = new Set(["wr.contracts.loop_control", "wr.contracts.gate_verdict", "wr.contracts.coordinator_signal", "wr.contracts.coordinator_result", "wr.contracts.assessment"]);

const RESULT = "wr.contracts.coordinator_result";

/** A result that a step hands over in the middle, whatever comes, is the result of nothing: of children it is shown to who goes on, and behind a condition it may be the end. */
const isReadByCode = (placed: PlacedStep, steps: readonly PlacedStep[]): boolean => {
  const ref = contractOf(placed) ?? "";
  const { step } = placed;
  return READ_BY_CODE.has(ref) && !(ref === RESULT && step.kind === "standard" && step.runCondition === null && placed !== steps.at(-1) && step.contract?.required === true);
};

const contractOf = ({ step }: PlacedStep): string | null => (step.kind === "standard" ? (step.contract?.ref ?? null) : step.kind === "parallel" ? (step.synthesis?.contract?.ref ?? null) : null);

const LOOP_CONTROL = "wr.contracts.loop_control";

export const contractWithoutConsumer: LintRule = {
  code: "contract-without-consumer",
  severity: "warning",
  tells: "A step hands over an artifact that nothing reads: no gate, no later step, no loop, and of a routine no workflow at hand that calls it; or the workflow ends with a contract of its own and `about` does not say what it is for.",
  find: (subject) => {
    const { steps, kind, root, plan } = subject;
    if (kind === "routine") return unreadByCallers(subject);
    const results = steps.filter((placed) => contractOf(placed) !== null && !isReadByCode(placed, steps));
    const end = results.at(-1);
    return [
      ...steps.filter((placed) => placed.own && contractOf(placed) === LOOP_CONTROL && placed.around.length === 0).map((placed) => ({ path: placeOf(placed), message: `Nothing reads the ${LOOP_CONTROL} of "${placed.step.id}": it stands in no loop.`, fix: "Move it into the loop that it decides, or leave it at notes." })),
      ...results.flatMap((placed) => {
        const { step, own } = placed;
        const ref = contractOf(placed) ?? "";
        if (!own || placed === end || isReadIn(placed, steps)) return [];
        const last = end === undefined ? "" : (contractOf(end) ?? "");
        // Of one contract the last one handed over is the result; this one is it where that one is left out.
        if (ref === last && (end?.step.runCondition !== null || placed.around.length > 0)) return [];
        return [{ path: placeOf(placed), message: `Nothing reads the ${ref} of "${step.id}": no gate judges it, no later step speaks of it, and the workflow ends with ${ref === last ? `the one of "${end?.step.id}"` : last}.`, fix: "Name it in the step that builds on it, gate on it, or leave it at notes." }];
      }),
      ...(end === undefined || kind !== "workflow" ? [] : unsaid(end, root, plan.about ?? "")),
    ];
  },
};

/** What a routine hands over its callers read: as the result of a child, or where its steps stand in theirs. Where none is at hand nobody can tell. */
function unreadByCallers({ steps, callers, plan }: LintSubject): ReturnType<LintRule["find"]> {
  return steps.flatMap((placed) => {
    const ref = contractOf(placed);
    const { step, own, index } = placed;
    if (!own || ref === null || READ_BY_CODE.has(ref) || callers.length === 0 || isReadIn(placed, steps)) return [];
    const read = callers.some((caller) => {
      const called = caller.steps.filter((each) => each.step.id.endsWith(`.${step.id}`) && contractOf(each) === ref);
      return caller.steps.some((each) => bringsTogether(each, plan.id)) || called.some((each) => isReadIn(each, caller.steps) || isResultOf(each, caller.steps));
    });
    return read ? [] : [{ path: placeOf(placed), message: `Nothing reads the ${ref} of "${step.id}": no ${index === steps.length - 1 ? "" : "later step of the routine and no "}step behind the call of it in ${callers.map(({ id }) => id).join(", ")}.`, fix: "Name it in the step behind the call that builds on it, gate on it, or leave it at notes." }];
  });
}

const isReadIn = (placed: PlacedStep, steps: readonly PlacedStep[]): boolean => isJudged(placed, steps) || steps.some((later) => later.index > placed.index && speaksOf(contractOf(placed) ?? "", later));

const isResultOf = (placed: PlacedStep, steps: readonly PlacedStep[]): boolean => steps.findLast((each) => contractOf(each) !== null) === placed;

/** Its children's results are shown to whoever works the step. */
const bringsTogether = ({ step }: PlacedStep, workflowId: string): boolean => step.kind === "parallel" && (step.synthesis !== null || step.notesRequired) && step.delegations.some((delegation) => delegation.workflowId === workflowId);

const placeOf = ({ path, step }: PlacedStep): readonly (string | number)[] => [...path, ...(step.kind === "parallel" ? ["synthesis"] : []), "outputContract"];

/** A result of the file's own kind is read by people, scripts or a calling workflow: then the file says so. */
function unsaid(end: PlacedStep, root: JsonObject, about: string): ReturnType<LintRule["find"]> {
  const ref = contractOf(end) ?? "";
  const declared = root["contracts"];
  if (!end.own || !isMapping(declared) || !Object.hasOwn(declared, ref) || names(about, ref)) return [];
  return [{ path: placeOf(end), message: `The workflow ends with "${ref}", a contract of its own: no pipeline reads it, and nothing says who does.`, fix: `Say in \`about\` what "${ref}" is for and who reads it, or end with a contract that a pipeline reads.` }];
}

const isJudged = ({ step }: PlacedStep, steps: readonly PlacedStep[]): boolean =>
  ((step.kind === "standard" || step.kind === "parallel") && step.confirmation !== null) || steps.some((each) => each.step.kind === "standard" && each.step.audits === step.id);

/** The contract's name, whole or without what stands before the last dot. */
function speaksOf(ref: string, { step }: PlacedStep): boolean {
  return textsOf(step).some(({ text }) => speaks(text, ref)) || (step.kind === "standard" && step.contract?.accountsFor !== undefined && ref === REVIEW_VERDICT);
}

const REVIEW_VERDICT = "wr.contracts.review_verdict";

/** An ordinary word of the language is the artifact's name only where something that is there is pointed at: "make a plan" reads none. */
const POINTS_AT = "\\b(?:the|this|that|these|those|its|their|your|each|every|all)\\s+(?:\\w+\\s+)?";
const HANDED_OVER = "\\b(?:artifact|contract|hand(?:s|ed|ing)? (?:\\w+ )?over)\\b";

function speaks(text: string, ref: string): boolean {
  const short = shortOf(ref);
  if (!/^[a-z]+$/.test(short) || (ref !== short && text.includes(ref))) return names(text, ref);
  const name = nameOf(short);
  return new RegExp(`${POINTS_AT}${name}|[\`"'*]${name}|${name}[^\\n.]*${HANDED_OVER}|${HANDED_OVER}[^\\n.]*${name}`, "i").test(text);
}

const names = (text: string, ref: string): boolean => text.includes(ref) || new RegExp(nameOf(shortOf(ref))).test(text);
const shortOf = (ref: string): string => ref.split(".").at(-1) ?? ref;
const nameOf = (short: string): string => `(?<![\\w.-])${short.replaceAll(/[^\w]/g, "\\$&")}(?![\\w-])`;
