/**
 * Paths whose change would give a pull request power over the repository: workflows, code owners, actions, WorkTrain's own
 * settings (attack 13). Pure; the deliver job refuses the whole change before anything is written.
 *
 * P1. A path is compared by what any file system or GitHub could take it for: case, Unicode form, invisible characters,
 *     trailing dots and spaces, streams, short names and backslashes do not make it another path.
 * P2. `paths.allow` opens exactly spelled paths only: what merely looks like an allowed path stays closed.
 * P3. A path that is none (`..`, absolute, `.git`) cannot be opened.
 */
import picomatch from "picomatch";
import { showHidden } from "../report/index.ts";

/** One changed path. `target` is where a symbolic link would point; null for everything else. */
export interface ChangedPath {
  readonly path: string;
  readonly target: string | null;
}

export interface ProtectedPath {
  readonly path: string;
  /** Why it is refused, as the rest of a sentence that starts with the path. */
  readonly why: string;
}

/**
 * The changed paths that must not be delivered, in order.
 * @param allow globs of `paths.allow` in the default branch's config
 */
export function findProtected(changed: readonly ChangedPath[], allow: readonly string[]): readonly ProtectedPath[] {
  const opened = allow.length === 0 ? () => false : picomatch([...allow], { dot: true, nonegate: true });
  return changed.flatMap((change) => {
    const why = whyProtected(change, opened);
    return why === null ? [] : [{ path: change.path, why }];
  });
}

function whyProtected({ path, target }: ChangedPath, opened: (path: string) => boolean): string | null {
  if (!isPlainPath(path)) return "is not a path inside the repository";
  const rule = ruleFor(likeness(path));
  if (rule !== null && !(isExact(path) && opened(path))) return rule;
  return target === null ? null : whyTargetProtected(path, target, opened);
}

function whyTargetProtected(path: string, target: string, opened: (path: string) => boolean): string | null {
  if (goesUpAgain(target)) return "is a symbolic link that goes down and up again";
  const resolved = resolveLink(path, target);
  if (resolved === null) return "is a symbolic link that leads out of the repository";
  if (resolved !== "" && !isPlainPath(resolved)) return "is a symbolic link to git's own files";
  const rule = resolved === "" ? "is the repository's root" : ruleFor(likeness(resolved));
  if (rule === null || (isExact(resolved) && opened(resolved))) return null;
  return `is a symbolic link to \`${resolved}\`, which ${rule}`;
}

/** P3. Relative, no empty, `.` or `..` part, nothing that a file system takes for one, and nothing called `.git`. */
function isPlainPath(path: string): boolean {
  const parts = path.split(/[/\\]/);
  return parts.every((part, index) => part !== "" && part !== "." && part !== ".." && !(index === 0 && /^[a-z]:/i.test(part)) && !isGitDirectory(likePart(part)) && /[^. ]/.test(part));
}

const isGitDirectory = (part: string): boolean => part === ".git" || /^git~\d+$/.test(part);

/** `a/../b`: where it leads hangs on whether `a` is a link itself, so the names alone do not tell. */
function goesUpAgain(target: string): boolean {
  const steps = target.split(/[/\\]/).filter((step) => step !== "" && step !== ".");
  const down = steps.findIndex((step) => step !== "..");
  return down !== -1 && steps.includes("..", down);
}

/** Follows a link's target from the directory the link is in; null when it is absolute or leaves the repository. */
function resolveLink(path: string, target: string): string | null {
  const parts = path.split("/").slice(0, -1);
  const steps = target.split(/[/\\]/);
  if (target === "" || steps[0] === "" || /^[a-z]:/i.test(target)) return null;
  for (const step of steps) {
    if (step === "" || step === ".") continue;
    if (step !== "..") parts.push(step);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}

/** P1. The parts of a path as the most forgiving file system reads them. */
const likeness = (path: string): readonly string[] => path.split(/[/\\]/).map(likePart);

/**
 * NFKC and both case mappings fold letters (`ſ`, Kelvin sign, dotless i, full-width); hidden characters are ignored as HFS+
 * does; NTFS ignores trailing dots and spaces and reads what follows a colon as a stream.
 */
function likePart(part: string): string {
  const folded = showHidden(part.normalize("NFKC")).replace(/[\ufe0f\n\t]/g, "").toUpperCase().toLowerCase().normalize("NFKC");
  return (folded.split(":")[0] ?? "").replace(/[. ]+$/, "").replaceAll("ı", "i");
}

/** P2. Spelled as it is compared, letter case aside: the glob itself tells cases apart. */
const isExact = (path: string): boolean => path.toLowerCase() === likeness(path).join("/");

/** First parts that rule everything below them, with the NTFS short names they get. */
const DIRECTORIES: readonly { readonly name: string; readonly short: RegExp; readonly why: string }[] = [
  { name: ".github", short: /^(?:github|gi[0-9a-f]{4})~\d+$/, why: "holds workflows and settings of GitHub" },
  { name: ".worktrain", short: /^(?:worktr|wo[0-9a-f]{4})~\d+$/, why: "holds WorkTrain's workflows and rules" },
  { name: ".workrail", short: /^(?:workra|wo[0-9a-f]{4})~\d+$/, why: "holds bindings of WorkTrain's workflows" },
];

/** Names that rule wherever they are. */
const ANYWHERE: readonly { readonly name: RegExp; readonly why: string }[] = [
  { name: /^(?:action\.ya?ml|action~\d+(?:\.y[a-z]*)?)$/, why: "is an action that workflows may run" },
  { name: /^(?:codeowners|codeow~\d+)$/, why: "says who must review" },
];

/** Names that rule at the root. */
const AT_ROOT: readonly { readonly name: RegExp; readonly why: string }[] = [
  { name: /^(?:\.gitmodules|gitmod~\d+)$/, why: "says from where other code is fetched" },
  { name: /^\.?worktrain\.(?:ya?ml|json)$/, why: "is WorkTrain's config" },
];

function ruleFor(like: readonly string[]): string | null {
  const [first = "", ...rest] = like;
  const directory = DIRECTORIES.find(({ name, short }) => first === name || short.test(first));
  if (directory !== undefined) return directory.why;
  const anywhere = ANYWHERE.find(({ name }) => name.test(like.at(-1) ?? ""));
  if (anywhere !== undefined) return anywhere.why;
  return rest.length > 0 ? null : (AT_ROOT.find(({ name }) => name.test(first))?.why ?? null);
}
