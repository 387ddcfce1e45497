/** What a conversation was told when it began, in words: the package's sections, and what did not fit. */
import type { ContextRecord } from "../record/index.ts";
import { formatCount } from "./money.ts";

/** A package as one conversation of a session got it. */
export interface ContextView extends ContextRecord {
  readonly conversation: number;
}

/** `blank, about 310 of 48,000 tokens: issue 120, phase rules 190`, and what was left out. */
export function contextWords({ policy, budgetTokens, tokens, sections, leftOut }: ContextRecord): string {
  const given = sections.length === 0 ? "nothing beside the step" : `about ${formatCount(tokens)} of ${formatCount(budgetTokens)} tokens: ${sections.map((each) => `${each.name} ${formatCount(each.tokens)} (${each.source})`).join(", ")}`;
  return `${policy}, ${given}${leftOut.map(leftOutWords).join("")}`;
}

const leftOutWords = ({ name, what, tokens, why, how }: ContextRecord["leftOut"][number]): string => `; left out of ${name}: ${what} (about ${formatCount(tokens)} tokens; ${why}; ${how})`;
