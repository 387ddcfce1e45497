import { placeOf } from "../placed-steps.ts";
import type { LintRule } from "../subject.ts";

/** Words that sound like an instruction and leave everything open. */
const VAGUE = /\b(?:best practices?|as (?:appropriate|needed|required)|where appropriate|if necessary|high[- ]quality|comprehensive(?:ly)?|thorough(?:ly)?|properly|robust(?:ly)?|carefully|state[- ]of[- ]the[- ]art|world[- ]class|and so on)\b/i;

export const vagueWords: LintRule = {
  code: "vague-words",
  severity: "warning",
  tells: "A prompt uses words that nobody can be held to, such as \"as appropriate\" or \"best practices\".",
  find: ({ steps }) =>
    steps.flatMap(({ step, path, raw, own }) => {
      const word = own && step.kind === "standard" ? VAGUE.exec(step.prompt)?.[0] : undefined;
      return word === undefined ? [] : [{ path: placeOf(raw, path, (text) => text.includes(word)), message: `"${word}" says nothing that could be checked.`, fix: "Say what good looks like here: what is looked at, with what result." }];
    }),
};
