/** What the bundle takes of re2js: compiling a pattern and asking whether a text has it. That is a little over half of it. */
import { withReachableOnly } from "./reachable-members.ts";
import { withShortNames } from "./short-names.ts";
import { shortTables } from "./unicode-tables.ts";

/** What `workflow/regular-expression.ts` and its callers read of it; TypeScript knows nothing of this list, the bundle's tests do. */
const MEMBERS = ["compile", "programSize", "test", "CASE_INSENSITIVE", "MULTILINE", "DOTALL"];

/** Writing a pattern out, and searching bytes: WorkTrain gives it texts only. */
const UNCALLED = [
  ...["Regexp.toString", "Regexp.appendTo", "Inst.toString", "Prog.toString", "Queue.toString", "CharClass.toString", "RE2.toString"],
  ...["MachineInput.fromUTF8", "RE2.matchUTF8", "Prefilter.automaton8"],
];

/** @throws when re2js is another than the one this was made for */
export const leanRe2js = (code: string): string => withShortNames(withReachableOnly(shortTables(code), { name: "RE2JS", members: MEMBERS, uncalled: UNCALLED }), MEMBERS);
