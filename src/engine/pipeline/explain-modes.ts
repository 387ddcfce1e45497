/** How a mode is chosen, and what each runs. */
import type { PipelineMode } from "../../record/index.ts";
import { COURSES, REVIEW, type Stage } from "./course.ts";
import { NEWEST_RULES } from "./editions.ts";
import { MODE_RULES } from "./modes.ts";

/** Whether some policy of an item that is opened now has it. */
const isOfToday = ({ under }: Stage): boolean => under === undefined || under({ mode: "auto", confirm: "risky", decompose: "ask", slices: "auto", rules: NEWEST_RULES });

/** How a mode is chosen, and what each runs before the review. */
export const explainModes = () => ({
  rules: MODE_RULES.map(({ mode, words }) => ({ mode, when: words })),
  modes: (Object.keys(COURSES) as PipelineMode[]).map((mode) => ({ mode, sessions: mode === "review-only" ? [{ phase: "review" as const, workflowId: REVIEW.workflowId, when: "a pull request is labelled, and never by a classification", why: "it is read by reviewers who did not make it; nothing is changed and nothing of it is run" }] : COURSES[mode].filter(isOfToday).map(({ phase, workflowId, when, why }) => ({ phase, workflowId, when: when?.words ?? "always", why })) })),
});

/** The sessions of a mode that depend on the classification of the task. */
export const conditionalIn = (asked: PipelineMode) => explainModes().modes.flatMap(({ mode, sessions }) => (mode === asked && mode !== "review-only" ? sessions.filter(({ when }) => when !== "always") : []));
