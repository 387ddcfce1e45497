import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";

const ROOT = join(import.meta.dirname, "..", "..");

/** One import of a file: of ours (path from the repository's root) or of a package. Type-only imports and `import()` count too. */
export interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Path from the root for a file of ours, else null. */
  readonly file: string | null;
}

export const sourceFiles = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$/.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .toSorted();

export const sourceText = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** Every import, export-from, dynamic import and `import("...")` type of a source file. */
export function importsOf(file: string): readonly Import[] {
  const text = sourceText(file);
  const { module, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`);
  const specifiers = [
    ...module.staticImports.map((entry) => entry.moduleRequest.value),
    ...module.staticExports.flatMap((entry) => entry.entries.flatMap((each) => (each.moduleRequest === null ? [] : [each.moduleRequest.value]))),
    ...module.dynamicImports.map((entry) => text.slice(entry.moduleRequest.start, entry.moduleRequest.end).replace(/^["'`]|["'`]$/g, "")),
    ...[...text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)].map((match) => match[1] ?? ""),
  ];
  return [...new Set(specifiers)].map((specifier) => ({ from: file, specifier, file: resolveFile(file, specifier) }));
}

function resolveFile(from: string, specifier: string): string | null {
  if (!specifier.startsWith(".")) return null;
  const path = resolve(ROOT, dirname(from), specifier);
  if (!existsSync(path)) throw new Error(`${from} imports ${specifier}, which does not exist`);
  return relative(ROOT, path);
}

/** All files of ours that can be reached from `entry` by any kind of import, with the file each was first reached from. */
export function reachableFrom(entry: string): ReadonlyMap<string, string | null> {
  const reached = new Map<string, string | null>([[entry, null]]);
  const queue = [entry];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const { file: imported } of importsOf(file)) {
      if (imported === null || reached.has(imported)) continue;
      reached.set(imported, file);
      if (imported.endsWith(".ts") || imported.endsWith(".mjs")) queue.push(imported);
    }
  }
  return reached;
}

/** The chain of files from the entry to `file`. */
export function chainTo(reached: ReadonlyMap<string, string | null>, file: string): readonly string[] {
  const chain: string[] = [];
  for (let at: string | null | undefined = file; at !== null && at !== undefined; at = reached.get(at)) chain.unshift(at);
  return chain;
}
