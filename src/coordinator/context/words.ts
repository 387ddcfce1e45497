/** What a text names without a path: identifiers of code, and plain words that names of files and symbols may be made of. Pure. */

/** Of one text; those named first count. */
const MOST_IDENTIFIERS = 16;
const MOST_WORDS = 24;
const MOST_CHARS = 20_000;

/** A name of code by its looks: camelCase, PascalCase, snake_case, called, or set as code. */
export function identifiersIn(text: string): readonly string[] {
  const shown = text.slice(0, MOST_CHARS);
  const asCode = [...shown.matchAll(/`([A-Za-z_]\w{2,79})(?:\(\))?`/g)].map(([, name = ""]) => name);
  const names = (shown.match(/(?<![\w/.-])[A-Za-z_]\w{2,79}(?![\w/-])\(?/g) ?? []).filter((word) => /[a-z\d][A-Z]|[A-Za-z\d]_[A-Za-z\d]|\($/.test(word)).map((word) => word.replace(/\($/, ""));
  return [...new Set([...asCode, ...names])].slice(0, MOST_IDENTIFIERS);
}

/** Words that could stand in a name, lower-case, without those that every issue has and without paths, which name what they name. */
export function wordsIn(text: string): readonly string[] {
  const parts = text.slice(0, MOST_CHARS).replaceAll(/\S{0,200}(?:\/|\w\.\w)\S{0,200}/g, " ").match(/\p{L}{3,40}/gu) ?? [];
  const words = parts.flatMap(partsOfName).filter((word) => word.length > 3 && !COMMON.has(word));
  return firstOfEachStem(words).slice(0, MOST_WORDS);
}

function firstOfEachStem(words: readonly string[]): readonly string[] {
  const seen = new Map<string, string>();
  for (const word of words) if (!seen.has(stemOf(word))) seen.set(stemOf(word), word);
  return [...seen.values()];
}

/** `splitFields2`, `split_fields` and `split-fields` as split and fields. */
export const partsOfName = (name: string): readonly string[] => (name.match(/\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|[^\P{L}\p{Lu}\p{Ll}]+/gu) ?? []).map((part) => part.toLowerCase());

/** Without its usual ending, so that "rounded" is known in round.ts; of English alone, other languages match by the whole word. */
export function stemOf(word: string): string {
  const short = word.toLowerCase().replace(/(?:ings?|ers?|ed|es|e|s|y|ies)$/, "");
  return short.length < 3 ? word.toLowerCase() : short.replace(/([b-df-hj-np-tv-z])\1$/, "$1");
}

/** Words of issues and of folders that tell nothing apart. */
const COMMON = new Set(
  (
    "about above after again against also always another anything because been before being below between both cannot code comes could does doing done down " +
    "each either else even every example expected fails file files first fixed folder from function gets give given goes have here into issue just keep kept like line made " +
    "main make many more most much must need needs never next nothing once only open other ours over please problem project read really same says see seen " +
    "should shown since some something still such sure task test tests than that their them then there these they thing things this those through today " +
    "together under until upon used user users using value values very want wants well were what when where whether which while will with without work works would write written wrong your index"
  ).split(" "),
);
