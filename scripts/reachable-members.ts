/** Takes out of a module what cannot be reached from one of its exports, members of classes included, which no bundler does. */
import { asSyntax, edited, isSyntax, parsed, type Edit, type Syntax } from "./syntax.ts";

/** What stays of a module. */
export interface Kept {
  /** The one export. */
  readonly name: string;
  /** Names of members that are read from outside the module. */
  readonly members: readonly string[];
  /** Methods, as `Class.method`, that are reached but never called; they throw when they are. */
  readonly uncalled: readonly string[];
}

/** A part that stays or goes as a whole: it goes unless all its names are reached. `null` stands for a name that always is. */
interface Part {
  readonly binding: string | null;
  readonly member: string | null;
  readonly body: Syntax;
  /** Within it, but parts of their own. */
  readonly inner: readonly Part[];
}

/**
 * Reads a module of plain declarations and classes. A member counts as reached when its name is read anywhere in what is
 * reached, of whatever object, or stands there as a text; members with computed names always stay.
 * @throws when the module does not declare what is named
 */
export function withReachableOnly(whole: string, { name, members, uncalled }: Kept): string {
  const code = withRefusals(whole, uncalled);
  const kept = edited(code, unreachable(parsed(code), { name, members }));
  return `${kept}\nexport { ${name} };\n`;
}

/** What these methods do is put in the place of what they did: to refuse. */
function withRefusals(code: string, uncalled: readonly string[]): string {
  const methods = parsed(code).flatMap((statement) => {
    const { binding, inner } = statementPart(statement);
    return inner.map(({ member, body }) => ({ name: `${binding}.${member}`, body }));
  });
  const missing = uncalled.find((name) => !methods.some((method) => method.name === name));
  if (missing !== undefined) throw new Error(`The module has no ${missing} any more: correct scripts/left-out.ts.`);
  const edits = methods.flatMap(({ name, body }) => {
    const value = body["value"];
    if (!uncalled.includes(name) || !isSyntax(value)) return [];
    const { start, end } = asSyntax(value["body"]);
    return [{ start, end, text: `{ throw new Error("The bundle leaves out ${name}."); }` }];
  });
  return edited(code, edits);
}

function unreachable(statements: readonly Syntax[], { name, members }: Pick<Kept, "name" | "members">): readonly Edit[] {
  const exported = statements.filter(({ type }) => type.startsWith("Export"));
  const parts = statements.filter((statement) => !exported.includes(statement)).map(statementPart);
  if (!parts.some(({ binding }) => binding === name)) throw new Error(`The module declares no ${name} any more: correct scripts/left-out.ts.`);
  const dead = unreached(parts, { bindings: new Set([name]), members: new Set(members) });
  return [...dead.map((part) => part.body), ...exported].map(({ start, end }) => ({ start, end, text: "" }));
}

interface Reached {
  readonly bindings: Set<string>;
  readonly members: Set<string>;
}

function unreached(parts: readonly Part[], reached: Reached): readonly Part[] {
  let waiting = [...parts];
  for (;;) {
    const live = waiting.filter(({ binding, member }) => (binding === null || reached.bindings.has(binding)) && (member === null || reached.members.has(member)));
    if (live.length === 0) return waiting;
    waiting = waiting.filter((part) => !live.includes(part));
    for (const part of live) {
      note(part.body, new Set(part.inner.map((inner) => inner.body)), reached);
      waiting.push(...part.inner);
    }
  }
}

function statementPart(statement: Syntax): Part {
  const declarations = statement["declarations"];
  const [only, ...more] = statement.type === "VariableDeclaration" && Array.isArray(declarations) ? declarations.map(asSyntax) : [];
  const declared = more.length === 0 && only !== undefined && isSyntax(only["init"]) ? only : statement;
  const id = declared["id"];
  if (!isSyntax(id) || id.type !== "Identifier") return { binding: null, member: null, body: statement, inner: [] };
  const value = declared === statement ? statement : asSyntax(declared["init"]);
  return { binding: String(id["name"]), member: null, body: statement, inner: value.type.startsWith("Class") ? memberParts(value) : [] };
}

/** Methods and static fields. A field of the instances is set with them, and a constructor runs. */
function memberParts(value: Syntax): readonly Part[] {
  const members = asSyntax(value["body"])["body"];
  return (Array.isArray(members) ? members : []).map(asSyntax).flatMap((member) => {
    const key = member["key"];
    const field = member.type === "PropertyDefinition" && member["static"] !== true;
    if (member["computed"] === true || member["kind"] === "constructor" || field || !isSyntax(key) || key.type !== "Identifier") return [];
    return [{ binding: null, member: String(key["name"]), body: member, inner: [] }];
  });
}

function note(node: Syntax, without: ReadonlySet<Syntax>, reached: Reached): void {
  if (without.has(node)) return;
  if (node.type === "Identifier") {
    // Of a member and of a key it is not known here which it is; both is more than enough.
    reached.bindings.add(String(node["name"]));
    reached.members.add(String(node["name"]));
  }
  if (node.type === "Literal" && typeof node["value"] === "string") reached.members.add(node["value"]);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isSyntax(child)) note(child, without, reached);
  }
}
