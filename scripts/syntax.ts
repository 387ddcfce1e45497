/** Reading a module's syntax and cutting its text, for what the bundle leaves out. */
import { parseSync } from "rolldown/utils";

export interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** The module's statements. @throws when the code is faulty */
export function parsed(code: string, name = "module.js"): readonly Syntax[] {
  const { program, errors } = parseSync(name, code);
  const [error] = errors;
  if (error !== undefined) throw new Error(error.message);
  return nodesOf(asSyntax(program)["body"]);
}

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const edited = (code: string, edits: readonly Edit[]): string =>
  edits.toSorted((a, b) => b.start - a.start).reduce((text, { start, end, text: put }) => text.slice(0, start) + put + text.slice(end), code);

export const isSyntax = (value: unknown): value is Syntax => typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

export function asSyntax(value: unknown): Syntax {
  if (!isSyntax(value)) throw new Error("The parser's tree has another shape than it had: correct the scripts that read it.");
  return value;
}

export const nodesOf = (value: unknown): readonly Syntax[] => (Array.isArray(value) ? value.filter(isSyntax) : isSyntax(value) ? [value] : []);

/** These and all within them. */
export const allOf = (nodes: readonly Syntax[]): readonly Syntax[] => nodes.flatMap((node) => [node, ...allOf(Object.values(node).flatMap(nodesOf))]);

/** The name or the text that a node is; "" when it is neither. */
export function nameOf(node: unknown): string {
  const name = isSyntax(node) ? (node["name"] ?? node["value"]) : "";
  return typeof name === "string" ? name : "";
}

/**
 * Takes methods out of classes, and with them what only they need. A call of one throws, as it is no function.
 * A class is `class Name` anywhere, or as zod has it `const Name = $constructor("Name", initializer, { its methods })`.
 * @param gone names of methods by that of their class
 * @throws when a class has not these methods
 */
export function withoutMethods(code: string, gone: Readonly<Record<string, readonly string[]>>): string {
  const nodes = allOf(parsed(code));
  const edits = Object.entries(gone).flatMap(([name, methods]) => {
    const members = nodes.filter((node) => nameOf(node["id"]) === name).flatMap(membersOf);
    const cut = members.filter((member) => methods.includes(nameOf(member["key"])));
    const missing = methods.find((method) => !cut.some((member) => nameOf(member["key"]) === method));
    if (missing !== undefined) throw new Error(`There is no ${name}.${missing} any more: correct what the bundle leaves out.`);
    return cut.map(({ start, end }) => ({ start, end: code[end] === "," ? end + 1 : end, text: "" }));
  });
  return edited(code, edits);
}

/** Takes fields out of the objects that have a field `mark`. @throws when there are none */
export function withoutFields(code: string, mark: string, gone: readonly string[]): string {
  const literals = allOf(parsed(code)).filter(({ type }) => type === "ObjectExpression").map((node) => nodesOf(node["properties"]));
  const marked = literals.filter((fields) => fields.some((field) => nameOf(field["key"]) === mark));
  const cut = marked.flat().filter((field) => gone.includes(nameOf(field["key"])));
  if (cut.length === 0) throw new Error(`Nothing with a ${mark} has ${gone.join(" or ")} any more: correct what the bundle leaves out.`);
  return edited(code, cut.map(({ start, end }) => ({ start, end: code[end] === "," ? end + 1 : end, text: "" })));
}

function membersOf(node: Syntax): readonly Syntax[] {
  if (node.type === "VariableDeclarator") return nodesOf(node["init"]).filter(({ type }) => type === "CallExpression").flatMap(membersOf);
  if (node.type === "CallExpression") return nodesOf(node["arguments"]).flatMap(membersOf);
  return node.type === "ObjectExpression" ? nodesOf(node["properties"]) : nodesOf(node["body"]).flatMap((body) => nodesOf(body["body"]));
}
