/** How a mode is chosen, and what each runs. */
import type { PipelineMode } from "../../record/index.ts";
import { COURSES, REVIEW } from "./course.ts";
import { MODE_RULES } from "./modes.ts";

/** How a mode is chosen, and what each runs before the review. */
export const explainModes = () => ({
  rules: MODE_RULES.map(({ mode, words }) => ({ mode, when: words })),
  modes: (Object.keys(COURSES) as PipelineMode[]).map((mode) => ({ mode, sessions: mode === "review-only" ? [{ phase: "review" as const, workflowId: REVIEW.workflowId, when: "a pull request is labelled, and never by a classification", why: "it is read by reviewers who did not make it; nothing is changed and nothing of it is run" }] : COURSES[mode].map(({ phase, workflowId, when, why }) => ({ phase, workflowId, when: when?.words ?? "always", why })) })),
});

/** The sessions of a mode that depend on the classification of the task. */
export const conditionalIn = (asked: PipelineMode) => explainModes().modes.flatMap(({ mode, sessions }) => (mode === asked && mode !== "review-only" ? sessions.filter(({ when }) => when !== "always") : []));
