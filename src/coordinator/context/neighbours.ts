/**
 * Files beside a file: its tests by their names, and what it imports by relative paths. Pure; no parser, since a wrong guess is only a path
 * that is not in the tree.
 */
import { posix } from "node:path";

export interface Tree {
  has(path: string): boolean;
  /** The tests of a file; of a test, the files it may test. The nearest first. */
  counterparts(path: string): readonly string[];
}

/** Counterparts of one file: names like `index` stand in every folder. */
const MOST_COUNTERPARTS = 3;

export function treeOf(paths: readonly string[]): Tree {
  const all = new Set(paths);
  const tests = new Map<string, string[]>();
  const subjects = new Map<string, string[]>();
  for (const path of paths) {
    const tested = testedBy(path);
    const [index, key] = tested === null ? [subjects, stemOf(path)] : [tests, tested];
    const named = index.get(key) ?? [];
    named.push(path);
    index.set(key, named);
  }
  return {
    has: (path) => all.has(path),
    counterparts(path) {
      const tested = testedBy(path);
      const found = tested === null ? tests.get(stemOf(path)) : subjects.get(tested);
      return (found ?? []).toSorted((a, b) => shared(path, b) - shared(path, a) || (a < b ? -1 : 1)).slice(0, MOST_COUNTERPARTS);
    },
  };
}

const stemOf = (path: string): string => posix.basename(path).replace(/\.[^.]+$/, "").toLowerCase();

/** Stem of the file that a test is for by its name, as in a.test.ts, test_a.py, a_test.go, ATest.java; null for what is no test. */
function testedBy(path: string): string | null {
  const stem = posix.basename(path).replace(/\.[^.]+$/, "");
  const [, before, after, camel] = /^(?:(.+)[._-](?:test|tests|spec)|test[._-](.+)|(.+?)Tests?)$/.exec(stem) ?? [];
  return (before ?? after ?? camel)?.toLowerCase() ?? null;
}

/** Folders that two paths have in common, whether from the top or beside each other in mirrored trees such as src/ and test/. */
function shared(a: string, b: string): number {
  const [one, other] = [posix.dirname(a).split("/"), posix.dirname(b).split("/")];
  return one.filter((folder) => folder !== "." && other.includes(folder)).length;
}

const EXTENSIONS = ["", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", ".css", ".scss", ".json", ".py", ".rb", ".php", "/index.ts", "/index.tsx", "/index.js", "/__init__.py"];
/** Of one file; more is a table of contents. */
const MOST_IMPORTS = 30;

/** The files of the tree that a file's text names by a relative path, in the order they are named. */
export function importsOf(path: string, text: string, tree: Pick<Tree, "has">): readonly string[] {
  const folder = posix.dirname(path);
  const found = new Set<string>();
  for (const name of [...relativePaths(text), ...pythonModules(text)]) {
    const target = posix.join(folder, name);
    if (target.startsWith("../")) continue;
    const candidates = [...EXTENSIONS.map((extension) => `${target}${extension}`), target.replace(/\.(m|c)?js(x?)$/, ".$1ts$2")];
    const file = candidates.find((each) => each !== path && tree.has(each));
    if (file !== undefined) found.add(file);
    if (found.size === MOST_IMPORTS) break;
  }
  return [...found];
}

/** In quotes, `./a` and `../a`; and C's includes, which need no dot. */
const relativePaths = (text: string): readonly string[] => [
  ...[...text.matchAll(/["'](\.{1,2}\/[^"'\n]{1,200})["']/g)].map(([, name = ""]) => name),
  ...[...text.matchAll(/^[ \t]*#[ \t]*include[ \t]+"([^"\n]{1,200})"/gm)].map(([, name = ""]) => name),
];

/** `from .a.b import c` as `./a/b`. */
const pythonModules = (text: string): readonly string[] =>
  [...text.matchAll(/^[ \t]*from[ \t]+(\.{1,10})([\w.]{0,200})[ \t]+import\b/gm)].map(([, dots = "", name = ""]) => posix.join(".", ...Array.from({ length: dots.length - 1 }, () => ".."), ...name.split(".")));
