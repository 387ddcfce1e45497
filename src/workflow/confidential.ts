/** Workflows whose record would help an attacker while what it tells of is not mended. */
import type { Plan } from "./plan.ts";

const TAGS: ReadonlySet<string> = new Set(["security", "incident"]);

/** Whether the workflow says of itself, by a tag, that its record is for few eyes. */
export const isConfidential = ({ tags }: Pick<Plan, "tags">): boolean => tags.some((tag) => TAGS.has(tag.toLowerCase()));
