/**
 * What the bundle takes of zod. A schema's methods hang on its class, so that each of them holds all it needs, formats of texts and
 * kinds of schemas nobody here has; and the compiler and the walks know every kind. `zodFaults` finds what would call what is gone.
 */
import { allOf, asSyntax, edited, nameOf, nodesOf, parsed, withoutFields, withoutMethods, type Syntax } from "./syntax.ts";

/** Methods that go, by the class that declares them. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  ZodType: [
    "with", "brand", "register", "overwrite", "exactOptional", "nonoptional", "isOptional", "isNullable", "parseAsync", "safeParseAsync", "validate", "validateAsync",
    "encode", "decode", "encodeAsync", "decodeAsync", "safeEncode", "safeDecode", "safeEncodeAsync", "safeDecodeAsync", "toJSONSchema",
  ],
  _ZodString: ["includes", "startsWith", "endsWith", "length", "nonempty", "lowercase", "uppercase", "normalize", "toLowerCase", "toUpperCase", "slugify"],
  ZodString: [
    "email", "url", "jwt", "emoji", "guid", "uuid", "uuidv4", "uuidv6", "uuidv7", "nanoid", "cuid", "cuid2", "ulid", "base64", "base64url", "xid", "ksuid",
    "ipv4", "ipv6", "cidrv4", "cidrv6", "e164", "datetime", "date", "time", "duration",
  ],
  ZodNumber: ["safe", "nonnegative", "negative", "nonpositive", "step", "finite"],
  ZodArray: ["nonempty", "length"],
  ZodObject: ["keyof", "passthrough", "strip", "safeExtend", "merge", "omit", "exactPartial", "required"],
};

/**
 * Kinds of schemas nobody makes. Without its branch a kind is one that zod does not know, which its compiler leaves to the schema's own
 * parse, and in which its search for cycles looks everywhere: a schema of such a kind would do the same, slower.
 */
const KINDS = ["bigint", "symbol", "undefined", "void", "nan", "date", "success", "nonoptional", "tuple", "map", "set", "file", "template_literal", "promise", "function"];

/** The same of checks. */
const CHECKS = ["bigint_format", "mime_type", "property", "properties", "min_size", "max_size", "size_equals"];

/** And of formats, which the compiler asks for with an `if` each. */
const FORMATS = ["base64", "base64url", "jwt", "ipv6", "cidrv6", "credit_card", "iban"];

/** @throws when a class has not these methods any more */
export const leanZodClasses = (code: string): string => withoutMethods(code, METHODS);

/** @throws when one of the formats has no branch any more */
export function leanZodCompiler(code: string): string {
  const nodes = allOf(parsed(code));
  const edits = FORMATS.map((format) => {
    const branch = nodes.find(({ type, test, alternate }) => type === "IfStatement" && alternate === null && nameOf(asSyntax(test)["left"]) === "fmt" && nameOf(asSyntax(test)["right"]) === format);
    if (branch === undefined) throw new Error(`zod's compiler has no branch for ${format} any more: correct scripts/lean-zod.ts.`);
    return { start: branch.start, end: branch.end, text: "" };
  });
  return leanZodSwitches(edited(code, edits));
}

/** The table of how each kind is written as a JSON Schema; the schemas of `z` know it without the table. @throws when it has none of these kinds */
export const leanZodProcessors = (code: string): string => withoutFields(code, "template_literal", KINDS);

/** Takes the branches of `KINDS` and `CHECKS` out of every `switch`. @throws when there is none */
export function leanZodSwitches(code: string): string {
  const gone = new Set([...KINDS, ...CHECKS]);
  const edits = allOf(parsed(code)).flatMap((node) => {
    if (node.type !== "SwitchStatement") return [];
    // Whether a kind that stays goes on into the branch at hand: then what it does stays, without the name of the one that goes.
    let open = false;
    return nodesOf(node["cases"]).flatMap((branch) => {
      const [first] = nodesOf(branch["consequent"]);
      const goes = gone.has(nameOf(branch["test"]));
      const edit = { start: branch.start, end: open && first !== undefined ? first.start : branch.end, text: "" };
      open = first === undefined && (open || !goes);
      return goes ? [edit] : [];
    });
  });
  if (edits.length === 0) throw new Error("zod has no branch for the kinds left out any more: correct scripts/lean-zod.ts.");
  return edited(code, edits);
}

/** Methods that only schemas have: whoever is asked for one is a schema. */
const ONLY_OF_SCHEMAS = ["brand", "exactOptional", "nonoptional", "parseAsync", "safeParseAsync", "validateAsync", "encodeAsync", "decodeAsync", "safeEncode", "safeDecode", "passthrough", "safeExtend", "exactPartial", "nonnegative", "nonpositive"];

/** What comes after one of these is no schema's method any more. */
const NO_SCHEMA_AFTER = ["parse", "safeParse", "shape", "options"];

/**
 * The methods left out that a module of TypeScript calls: where it makes the schema, or under a name that only schemas have.
 * Any other call of one throws when the module is loaded, since that is when schemas are made.
 */
export function zodFaults(code: string): readonly string[] {
  if (!/\bz\s*\./.test(code) && !ONLY_OF_SCHEMAS.some((name) => code.includes(name))) return [];
  const gone = Object.values(METHODS).flat();
  const called = allOf(parsed(code, "module.ts")).flatMap((node) => {
    if (node.type !== "CallExpression") return [];
    const [root = "", ...names] = chain(node);
    const end = names.findIndex((name) => NO_SCHEMA_AFTER.includes(name));
    const asked = root === "z" ? names.slice(names[0] === "iso" ? 2 : 1, end === -1 ? undefined : end) : names.filter((name) => ONLY_OF_SCHEMAS.includes(name));
    return asked.filter((name) => gone.includes(name));
  });
  return [...new Set(called)];
}

/** `z.string().max(3)` as `z`, `string`, `max`. */
function chain(node: Syntax): readonly string[] {
  if (node.type === "CallExpression") return chain(asSyntax(node["callee"]));
  if (node.type === "MemberExpression") return [...chain(asSyntax(node["object"])), nameOf(node["property"])];
  return [node.type === "Identifier" ? nameOf(node) : ""];
}
