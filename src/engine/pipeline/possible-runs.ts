import { MAX_SLICES } from "../../workflow/index.ts";
import { AUDITS, CLASSIFY, COURSES, courseUnder, FIRST_COURSE, FIX, JOIN, RESOLVE, RETROSPECT, REVIEW, SLICING, type Stage } from "./course.ts";
import { goesBy } from "./editions.ts";
import { type ItemOpening } from "./state.ts";

/** How often an item runs a workflow: at the least, and at the most. */
export interface RunCount {
  readonly workflowId: string;
  readonly low: number;
  readonly high: number;
}

/** What each pipeline that the item may come to runs; one workflow alone runs once. */
export function possibleRuns({ workflowId, maxReviewRounds: rounds, pipeline, review }: Pick<ItemOpening, "workflowId" | "maxReviewRounds" | "pipeline" | "review">): readonly (readonly RunCount[])[] {
  if (review !== undefined) return [[{ workflowId: REVIEW.workflowId, low: 1, high: 1 }]];
  const fixes: RunCount = { workflowId: FIX.workflowId, low: 0, high: rounds - 1 };
  const reviews: RunCount = { workflowId: REVIEW.workflowId, low: 1, high: rounds };
  const audits = pipeline === undefined ? [] : Object.values(AUDITS).map((audit) => ({ workflowId: audit.workflowId, low: 0, high: rounds - 1 }));
  // Nothing is reviewed where it changes nothing.
  if (workflowId !== undefined) return [together([{ workflowId, low: 1, high: 1 }, ...(goesBy(2, pipeline) ? [fixes, { ...reviews, low: 0 }, ...audits] : [])])];
  const stages = (course: readonly Stage[]): readonly RunCount[] => [CLASSIFY, ...course].map((stage) => ({ workflowId: stage.workflowId, low: stage.when === null ? 1 : 0, high: 1 }));
  if (pipeline === undefined) return [together([...stages(FIRST_COURSE), fixes, reviews])];
  const looksBack = (pipeline.retrospective ?? "never") === "never" ? [] : [{ workflowId: RETROSPECT.workflowId, low: 0, high: 1 }];
  const modes = pipeline.mode === "auto" ? (Object.keys(COURSES) as (keyof typeof COURSES)[]) : [pipeline.mode];
  return modes.map((mode) => courseUnder(mode, pipeline)).filter((course) => course.length > 0).map((course) => together([...stages(course), ...ofSlices(course), fixes, reviews, ...audits, ...looksBack]));
}

/** Beyond the one session that would code the task whole. */
function ofSlices(course: readonly Stage[]): readonly RunCount[] {
  if (!course.some(({ workflowId }) => workflowId === SLICING.workflowId)) return [];
  return [
    { workflowId: SLICING.workedBy, low: 0, high: MAX_SLICES - 1 },
    { workflowId: RESOLVE.workflowId, low: 0, high: MAX_SLICES - 1 },
    { workflowId: JOIN.workflowId, low: 0, high: 1 },
  ];
}

function together(counts: readonly RunCount[]): readonly RunCount[] {
  const sums = new Map<string, RunCount>();
  for (const { workflowId, low, high } of counts) {
    const before = sums.get(workflowId) ?? { workflowId, low: 0, high: 0 };
    sums.set(workflowId, { workflowId, low: before.low + low, high: before.high + high });
  }
  return [...sums.values()].filter(({ high }) => high > 0);
}
