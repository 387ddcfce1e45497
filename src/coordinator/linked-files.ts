/**
 * Which files of the repository the text of a task names as its spec or pitch. Pure; the text is an outsider's (I8): what it names is a
 * wish, and only a path inside this repository can come of it.
 */
export interface NamedFile {
  /** From the top of the repository, with `/`. */
  readonly path: string;
  readonly as: "pitch" | "direction";
}

export interface Named {
  readonly files: readonly NamedFile[];
  /** What is called a spec or a pitch and cannot be one of this repository's files. */
  readonly passedOver: readonly { readonly path: string; readonly why: string }[];
}

/** Of a text; the rest is said and not looked at. */
const MOST_LINKS = 50;
/** Characters before a bare path or address in which it may be called what it is. */
const CALLED_WITHIN = 40;
const SHOWN_CHARS = 300;

const PITCH = /(?<![a-z])pitch(?:es)?(?![a-z])/i;
const SPEC = /(?<![a-z])(?:specs?|specifications?|design(?:s|[ -]?docs?)?|rfcs?|prds?|proposals?|adrs?)(?![a-z])/i;
/** A link, an address, or a word that may be a path. Each part is bounded or begins where a word does: a text cannot make it slow. */
const LINKS = /\[([^\]\n]{0,300})\]\(\s{0,5}<?([^\s<>)]{1,2000})|(https?:\/\/[^\s<>()"'`]{1,2000})|(?<![\w./:@%-])([\w./@%-]{4,500})(?![\w/@%-])/gi;
const TEXT_FILE = /\.(?:md|ya?ml|txt)$/i;

/** @param place the repository as `owner/name`, null for a local task; the branch that is worked on, which an address may name */
export function namedFiles(text: string, place: { readonly repository: string | null; readonly branch: string }): Named {
  const files = new Map<string, NamedFile>();
  const passedOver = new Map<string, string>();
  let seen = 0;
  // A comment is not shown to who labels.
  const shown = text.replace(/<!--[\s\S]*?(?:-->|$)/g, " ");
  for (const { 1: words, 2: target, 3: address, 4: bare, index } of shown.matchAll(LINKS)) {
    const to = (target ?? (address ?? bare ?? "").replace(/[.,;:!?]{1,10}$/, "")).trim();
    if (bare !== undefined && !(to.includes("/") && TEXT_FILE.test(to))) continue;
    const line = shown.slice(Math.max(0, index - CALLED_WITHIN), index);
    const as = calledWhat(`${words ?? line.slice(line.lastIndexOf("\n") + 1)} ${to}`);
    if (as === null) continue;
    seen += 1;
    if (seen > MOST_LINKS) {
      passedOver.set("(more links)", `only the first ${MOST_LINKS} that are called a spec or a pitch are looked at`);
      break;
    }
    const path = pathIn(to, place);
    if ("why" in path) passedOver.set(to.slice(0, SHOWN_CHARS), path.why);
    else if (!files.has(path.path)) files.set(path.path, { path: path.path, as });
  }
  return { files: [...files.values()], passedOver: [...passedOver].map(([path, why]) => ({ path, why })) };
}

/** By its words and its path, between which `-`, `_`, `/` and `.` are breaks; null where nothing says that it is one. */
function calledWhat(words: string): NamedFile["as"] | null {
  if (PITCH.test(words)) return "pitch";
  return SPEC.test(words) ? "direction" : null;
}

function pathIn(to: string, { repository, branch }: { readonly repository: string | null; readonly branch: string }): { readonly path: string } | { readonly why: string } {
  const address = /^[a-z][a-z0-9+.-]*:|^\/\//i.test(to);
  const own = repository === null ? null : new RegExp(`^https://github\\.com/${repository.replace(/[.\\+*?^$()[\]{}|]/g, "\\$&")}/blob/(.+)$`, "i").exec(to)?.[1];
  if (address && (own === null || own === undefined)) return { why: "it is not a file of this repository, and links elsewhere are not followed" };
  const named = own === null || own === undefined ? to : own.startsWith(`${branch}/`) ? own.slice(branch.length + 1) : own.slice(own.indexOf("/") + 1);
  const path = decoded((named.split(/[#?]/)[0] ?? "").replace(/^(?:\.\/|\/)+/, ""));
  if (path === null || path === "" || /[\\\p{Cc}]/u.test(path) || path.split("/").some((part) => part === "" || part === "." || part === "..")) return { why: "it is not a path inside this repository" };
  if (!TEXT_FILE.test(path)) return { why: "only .md, .yaml, .yml and .txt are read" };
  return { path };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // No address: a `%` that stands for nothing.
  }
}
