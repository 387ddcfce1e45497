/**
 * By which edition of its tables the pipeline decides an item: the one that was newest when the item was opened, so that a log is decided again as it
 * was (I3). What differs says so where it decides, by `goesBy`. The fourth decides as the third does; its proofs also say who answered the gates.
 */
import type { PipelinePolicy } from "../../record/index.ts";

/** What an item that is opened now goes by. */
export const NEWEST_RULES = 4 as const;

/** Whether this edition, or a later one, decides. A policy that names none is of the first. */
export const goesBy = (edition: 2 | 3 | 4, policy: Pick<PipelinePolicy, "rules"> | undefined): boolean => (policy?.rules ?? 1) >= edition;
