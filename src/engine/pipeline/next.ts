/**
 * What a work item needs next: look around -> classify -> the sessions of its mode -> review -> ((audit ->) fix -> review)* -> deliver, or stop with a
 * reason. An item that was opened with a workflow of its own runs that one, and the review cycle on what it changed; one that was opened before there were
 * modes goes classify -> code -> review -> (fix -> review)*, as it began.
 * No model routes anything: these tables do, from typed results of completed sessions.
 *
 * I7. A session that did not complete, or left no valid artifact, is a failed gate: the item stops.
 */
import type { Json, JsonObject } from "../../shared/json.ts";
import { BUILT_IN_CONTRACTS, classificationSchema, isBuiltInContract, type Classification } from "../../workflow/index.ts";
import { beforeWork, sameWork, takenContext, takenFor } from "./before-work.ts";
import { noArtifact, runSession, stop, type ItemAction } from "./action.ts";
import { CLASSIFY, CONTRACT, courseOf, FIRST_COURSE, type Stage } from "./course.ts";
import { afterDecomposition, rejectedDecomposition } from "./decomposition.ts";
import { sessionFailure } from "./failures.ts";
import { nextOfFollowUp } from "./follow-up.ts";
import { testsBaseBefore, testsBefore } from "./host-checks.ts";
import { afterInvestigation } from "./investigation.ts";
import { choose, confirmation } from "./modes.ts";
import { afterAudit, afterChange, afterReview } from "./review-cycle.ts";
import { afterPlan } from "./plan.ts";
import { reviewOnly } from "./review-only.ts";
import { nextOfSlices } from "./slices.ts";
import { goesBy } from "./editions.ts";
import { artifactOf, hasModes, type ItemSession, type ItemState } from "./state.ts";

/** The next action of an item that has been opened. Total: every state has exactly one. */
export const next = (state: ItemState): ItemAction => afterPlan(state, nextInCourse(state));

function nextInCourse(state: ItemState): ItemAction {
  if (state.ended !== null) return { kind: "ended" };
  // A look back decides nothing.
  const last = state.sessions.findLast(({ phase }) => phase !== "retrospect");
  if (state.opening?.review !== undefined) return reviewOnly(state, last);
  const alone = state.opening?.workflowId;
  if (last === undefined) return alone === undefined ? (beforeWork(state) ?? stageSession(state, CLASSIFY)) : runSession({ phase: "code", round: 1, workflowId: alone, context: {} });
  const followUp = nextOfFollowUp(state);
  if (followUp !== null) return followUp;
  const ofSlices = nextOfSlices(state);
  if (ofSlices !== null) return ofSlices;
  if (last.result === null) return { kind: "resume-session", session: last };
  const failure = sessionFailure(last, last.result);
  if (failure !== null) return failure;
  if (alone !== undefined && (last.phase === "code" || !goesBy(2, state.opening?.pipeline))) return afterWorkflow(state, last);
  switch (last.phase) {
    case "classify":
      return afterClassify(state, last);
    case "discover":
    case "shape":
    case "design":
    case "investigate":
    case "decompose":
      return afterStage(state, last);
    case "code":
      return declined(state, last) ?? afterChange(state, last);
    case "fix":
      return afterChange(state, last);
    case "review":
      return afterReview(state, last);
    case "audit":
      return afterAudit(state, last);
    case "deliver":
    case "retrospect":
      return stop("internal", `Phase ${last.phase} has no place in this pipeline.`, "Please report this with the journal.");
  }
}

/** A workflow that was run by itself: what it changed is reviewed like any change, and where it changed nothing its record is the result. */
function afterWorkflow(state: ItemState, last: ItemSession): ItemAction {
  const { sessionId, workflowId } = last;
  if (state.snapshot !== null && state.snapshot.changedFiles > 0) return goesBy(2, state.opening?.pipeline) ? afterChange(state, last) : { kind: "deliver", snapshot: state.snapshot };
  // What it says of itself decides nothing: it is told to who asked, if it is what the work ends with.
  const end = last.result?.artifacts.findLast(({ contractRef }) => contractRef !== "wr.contracts.gate_verdict");
  const said = end?.contractRef === CONTRACT.result ? BUILT_IN_CONTRACTS[CONTRACT.result].safeParse(end.value).data : undefined;
  return stop("completed", `Every step of ${workflowId} was done; no file differs from the base.${said === undefined ? "" : ` Its result is ${said.outcome}: ${said.summary}`}`, `Read what it came to with \`worktrain session show ${sessionId}\`.`);
}

function afterClassify(state: ItemState, last: ItemSession): ItemAction {
  const { data: task } = classificationSchema.safeParse(artifactOf(last, CONTRACT.classification));
  if (task === undefined) return noArtifact(last, CONTRACT.classification);
  const policy = state.opening?.pipeline;
  if (policy === undefined) return nextStage(state, FIRST_COURSE, last);
  const same = sameWork(state, task);
  if (same !== null) return same;
  if (state.mode === null) {
    const chosen = choose(policy, task);
    return chosen.ok ? { kind: "choose-mode", ...chosen.value } : stop("unclear", `The task's classification cannot be worked with. ${chosen.error}`, "Say in the task what it is (a bug, a feature, a refactoring), how large, and what should be true afterwards; or name pipeline.mode in .github/worktrain.yml. Then start it again.");
  }
  return unconfirmed(state, task) ?? nextStage(state, courseOf(state.mode, task, state.opening?.pipeline), last);
}

/** What a person has to say first, or has said against it; null when the work may begin. */
function unconfirmed({ opening, answer }: ItemState, task: Classification): ItemAction | null {
  const needed = opening?.pipeline === undefined ? null : confirmation(opening.pipeline, task);
  const asked = `The task was understood like this: ${task.interpretation ?? "(no interpretation)"}${(task.ambiguities ?? []).map((each) => `\n- Open: ${each}`).join("")}`;
  if (answer?.verdict === "rejected") return stop("needs-answer", `${answer.by} rejected how the task was understood${answer.reason === undefined ? "" : `: ${answer.reason}`}. ${asked}`, "Say in the task what is meant, then start it again.");
  if (needed === null || answer !== null) return null;
  return { kind: "ask", about: "interpretation", proposal: null, question: `Is this what is meant? A person has to confirm it, since ${needed}. ${asked}`, fix: "Approve it and the work goes on (`/worktrain approve` in a comment, or `worktrain approve ITEM` for a local task), or answer what is open in the task and start it again. With `pipeline: { confirm: never }` in .github/worktrain.yml nobody is asked." };
}

function afterStage(state: ItemState, last: ItemSession): ItemAction {
  const task = classificationOf(state);
  if (state.mode === null || task === null) return stop("internal", `A ${last.phase} session ran in a pipeline without a mode.`, "Please report this with the journal.");
  const course = courseOf(state.mode, task, state.opening?.pipeline);
  const stage = course[placeOf(course, last)];
  if (stage !== undefined && !handedOver(last, stage.handsOver)) return noArtifact(last, stage.handsOver);
  return (last.phase === "investigate" ? afterInvestigation(last) : last.phase === "decompose" ? afterDecomposition(state, last) : null) ?? nextStage(state, course, last);
}

/** A quick task that its session found to be none goes the longer way. */
function declined(state: ItemState, last: ItemSession): ItemAction | null {
  if (last.workflowId !== "wr.quick-task") return null;
  if (last.result?.snapshot !== null || artifactOf(last, CONTRACT.codingHandoff) !== null) return null;
  const said = BUILT_IN_CONTRACTS[CONTRACT.result].safeParse(artifactOf(last, CONTRACT.result)).data;
  const task = classificationOf(state);
  if (said?.outcome !== "failed" || task === null) return null;
  if (state.mode === "quick") return { kind: "choose-mode", mode: "implement", why: [`its session says that it is no quick task: ${said.summary}`] };
  return state.mode === null ? null : nextStage(state, courseOf(state.mode, task, state.opening?.pipeline), last);
}

const placeOf = (course: readonly Stage[], { phase, workflowId }: ItemSession): number => course.findIndex((stage) => stage.phase === phase && stage.workflowId === workflowId);

function nextStage(state: ItemState, course: readonly Stage[], last: ItemSession): ItemAction {
  const left: string[] = [];
  for (const stage of course.slice(placeOf(course, last) + 1)) {
    const taken = takenFor(state, stage, classificationOf(state) ?? {});
    if (taken.length === 0) return testsBaseBefore(state, stage) ? { kind: "test-base" } : stageSession(state, stage, left);
    left.push(`${stage.phase} is left out, since ${taken.join(" and ")} is taken as the ${stage.as}`);
  }
  return stop("unclear", `The mode ${state.mode ?? "of this item"} has nothing to run for it: a review alone needs a pull request.`, "Name another pipeline.mode in .github/worktrain.yml, then start it again.");
}

/** A session that is given what the ones before it handed over, each under its name. */
function stageSession(state: ItemState, { phase, workflowId, why }: Stage, leftOut: readonly string[] = []): ItemAction {
  const context: Record<string, JsonObject[string]> = { ...takenContext(state) };
  for (const session of state.sessions) {
    const [classify, stages] = [CLASSIFY, state.mode === null ? [] : courseOf(state.mode, classificationOf(state) ?? {}, state.opening?.pipeline)];
    const done = [classify, ...stages].find((each) => each.phase === session.phase && each.workflowId === session.workflowId);
    if (done !== undefined) context[done.as] = artifactOf(session, done.handsOver);
  }
  const rejected = rejectedDecomposition(state);
  if (rejected !== null) context["decomposition"] = rejected;
  Object.assign(context, confirmedBy(state, context["classification"]));
  const action = runSession({ phase, round: 1, workflowId, context: { ...context, ...(phase === "code" ? testsBefore(state) : {}) } });
  return hasModes(state) ? { ...action, why: [why, ...leftOut].join("; ") } : action;
}

/** Nobody need doubt what a person has confirmed. */
function confirmedBy({ answer, opening }: ItemState, classification: Json | undefined): JsonObject {
  if (!goesBy(2, opening?.pipeline) || answer?.verdict !== "approved" || typeof classification !== "object" || classification === null || Array.isArray(classification)) return {};
  return { classification: { ...classification, confirmedBy: answer.by } };
}

function classificationOf(state: ItemState): Classification | null {
  const classified = state.sessions.findLast((each) => each.phase === "classify");
  return classified === undefined ? null : (classificationSchema.safeParse(artifactOf(classified, CONTRACT.classification)).data ?? null);
}

/** A contract of the workflow's own was checked when it was handed over. */
function handedOver(session: ItemSession, contractRef: string): boolean {
  const value = artifactOf(session, contractRef);
  return value !== null && (!isBuiltInContract(contractRef) || BUILT_IN_CONTRACTS[contractRef].safeParse(value).success);
}
