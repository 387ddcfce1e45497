/** Gives the members of a module's own classes short names, which a bundler does for variables only. */
import { minifySync } from "rolldown/utils";

/** Names that something outside the module has too: a member of that name may be meant. */
const BUILT_IN: ReadonlySet<string> = new Set(
  Object.getOwnPropertyNames(globalThis).flatMap((name) => {
    const value: unknown = Object.getOwnPropertyDescriptor(globalThis, name)?.value;
    if (typeof value !== "function" && (typeof value !== "object" || value === null)) return [];
    const prototype: unknown = Object.getOwnPropertyDescriptor(value, "prototype")?.value;
    return [name, ...Object.getOwnPropertyNames(value), ...(typeof prototype === "object" && prototype !== null ? Object.getOwnPropertyNames(prototype) : [])];
  }),
);

/** What the engine sets or reads on plain objects: of errors, descriptors, iterators, matches and typed arrays. */
const OF_THE_LANGUAGE = ["cause", "code", "configurable", "done", "enumerable", "get", "groups", "ignoreBOM", "fatal", "index", "indices", "input", "length", "message", "name", "set", "stack", "stream", "then", "value", "writable"];

/**
 * Renames what the module's classes declare and what it sets on `this`, wherever it stands after a dot or as a key.
 * What stands anywhere as a text keeps its name: the module may read a member by it.
 * @param code a module that shares its objects with nobody but by the members in `kept`
 */
export function withShortNames(code: string, kept: readonly string[]): string {
  const declared = [...code.matchAll(/^\t(?:static )?(?:get )?(\w+)(?: = |\()|\bthis\.(\w+) = /gm)].flatMap(([, member, field]) => member ?? field ?? []);
  const texts = new Set([...code.matchAll(/(["'`])([\w$]+)\1/g)].map(([, , text = ""]) => text));
  const names = [...new Set(declared)].filter((name) => name !== "constructor" && !BUILT_IN.has(name) && !texts.has(name));
  const { code: short, errors } = minifySync("module.js", code, {
    module: true,
    compress: false,
    mangle: false,
    codegen: { removeWhitespace: false },
    mangleProps: { include: new RegExp(`^(?:${names.join("|")})$`), reserved: [...kept, ...OF_THE_LANGUAGE, ...BUILT_IN] },
  });
  const [error] = errors;
  if (error !== undefined) throw new Error(error.message);
  return short;
}
