/**
 * The grammar of the expressions this local GitHub Actions understands: a small subset of GitHub's
 * (docs: "Evaluate expressions in workflows and actions"). What is outside it is refused, never guessed.
 */
import { TerminalError } from "../../../shared/errors.ts";
import { unreachable } from "../../../shared/unreachable.ts";

const CONTEXT_NAMES = ["inputs", "github", "needs", "steps", "secrets", "env", "vars", "runner"] as const;
export type ContextName = (typeof CONTEXT_NAMES)[number];

const FUNCTION_NAMES = ["always", "success", "failure", "cancelled", "format", "contains", "fromJSON", "toJSON"] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];
const STATUS_FUNCTIONS: ReadonlySet<FunctionName> = new Set(["always", "success", "failure", "cancelled"]);

export type BinaryOperator = "==" | "!=" | "&&" | "||";

export type Expression =
  | { readonly kind: "literal"; readonly value: null | boolean | number | string }
  | { readonly kind: "context"; readonly name: ContextName }
  | { readonly kind: "property"; readonly of: Expression; readonly name: string }
  | { readonly kind: "call"; readonly name: FunctionName; readonly arguments: readonly Expression[] }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "binary"; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression };

type Token =
  | { readonly kind: "literal"; readonly value: null | boolean | number | string }
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "symbol"; readonly text: string }
  | { readonly kind: "end" };

/** A refused expression, in the words a person needs. */
export function expressionError(text: string, problem: string): TerminalError {
  return new TerminalError(
    `The expression \`${text.trim()}\` cannot be evaluated: ${problem}.`,
    "Use property access, literals, ==, !=, &&, ||, !, parentheses and the functions always, success, failure, cancelled, format, contains, fromJSON, toJSON.",
  );
}

const WORDS: Readonly<Record<string, null | boolean>> = { true: true, false: false, null: null };
const TOKEN = /\s*(?:(?<string>'(?:[^']|'')*')|(?<number>[+-]?(?:0x[0-9a-fA-F]+|0o[0-7]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))|(?<name>[A-Za-z_][A-Za-z0-9_-]*)|(?<symbol>==|!=|&&|\|\||[!().,]))/y;

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (text.slice(position).trim() !== "") {
    TOKEN.lastIndex = position;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw expressionError(text, `\`${text.slice(position).trim()}\` is not understood`);
    position = TOKEN.lastIndex;
    if (groups["string"] !== undefined) tokens.push({ kind: "literal", value: groups["string"].slice(1, -1).replaceAll("''", "'") });
    else if (groups["number"] !== undefined) tokens.push({ kind: "literal", value: Number(groups["number"]) });
    else if (groups["name"] !== undefined) tokens.push(wordToken(groups["name"]));
    else tokens.push({ kind: "symbol", text: groups["symbol"] ?? "" });
  }
  return [...tokens, { kind: "end" }];
}

function wordToken(text: string): Token {
  const value = Object.hasOwn(WORDS, text) ? WORDS[text] : undefined;
  return value === undefined ? { kind: "name", text } : { kind: "literal", value };
}

/** Recursive descent over the tokens; precedence low to high: `||`, `&&`, `==` and `!=`, `!`, property access. */
class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  whole(): Expression {
    const expression = this.#or();
    const rest = this.#peek();
    if (rest.kind !== "end") throw expressionError(this.#text, `${describe(rest)} is not expected there`);
    return expression;
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? { kind: "end" };
  }

  #take(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== "symbol" || token.text !== symbol) return false;
    this.#position += 1;
    return true;
  }

  #binary(operators: readonly BinaryOperator[], operand: () => Expression): Expression {
    let left = operand();
    for (;;) {
      const operator = operators.find((candidate) => this.#take(candidate));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: operand() };
    }
  }

  #or(): Expression {
    return this.#binary(["||"], () => this.#and());
  }

  #and(): Expression {
    return this.#binary(["&&"], () => this.#equality());
  }

  #equality(): Expression {
    return this.#binary(["==", "!="], () => this.#unary());
  }

  #unary(): Expression {
    return this.#take("!") ? { kind: "not", of: this.#unary() } : this.#postfix();
  }

  #postfix(): Expression {
    let of = this.#primary();
    while (this.#take(".")) {
      const token = this.#peek();
      if (token.kind !== "name") throw expressionError(this.#text, `a property name is expected after the dot, not ${describe(token)}`);
      this.#position += 1;
      of = { kind: "property", of, name: token.text };
    }
    return of;
  }

  #primary(): Expression {
    const token = this.#peek();
    if (this.#take("(")) {
      const inner = this.#or();
      if (!this.#take(")")) throw expressionError(this.#text, "a closing parenthesis is missing");
      return inner;
    }
    this.#position += 1;
    if (token.kind === "literal") return token;
    if (token.kind !== "name") throw expressionError(this.#text, `${describe(token)} is not expected there`);
    return this.#take("(") ? this.#call(token.text) : this.#context(token.text);
  }

  #call(text: string): Expression {
    const name = FUNCTION_NAMES.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    if (name === undefined) throw expressionError(this.#text, `the function \`${text}\` is not known here`);
    const given: Expression[] = [];
    while (!this.#take(")")) {
      if (given.length > 0 && !this.#take(",")) throw expressionError(this.#text, `the arguments of \`${text}\` are not closed`);
      given.push(this.#or());
    }
    return { kind: "call", name, arguments: given };
  }

  #context(text: string): Expression {
    const name = CONTEXT_NAMES.find((candidate) => candidate === text.toLowerCase());
    if (name === undefined) throw expressionError(this.#text, `the context \`${text}\` is not known here`);
    return { kind: "context", name };
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case "end":
      return "the end";
    case "literal":
      return `\`${JSON.stringify(token.value)}\``;
    case "name":
    case "symbol":
      return `\`${token.text}\``;
    default:
      return unreachable(token);
  }
}

/**
 * Parses the inside of `${{ }}`.
 * @throws TerminalError naming the expression when it is outside the subset
 */
export function parseExpression(text: string): Expression {
  return new Parser(text).whole();
}

/**
 * Splits text with `${{ }}` into literal pieces and expressions; a `}}` inside a quoted string does not end one.
 * @throws TerminalError naming the expression that is not closed or not in the subset
 */
export function parseTemplate(text: string): readonly (string | Expression)[] {
  const pieces: (string | Expression)[] = [];
  let position = 0;
  for (;;) {
    const start = text.indexOf("${{", position);
    if (start === -1) break;
    const inside = /^(?:[^'}]|'(?:[^']|'')*'|\}(?!\}))*/.exec(text.slice(start + 3))?.[0] ?? "";
    const end = start + 3 + inside.length;
    if (!text.startsWith("}}", end)) throw expressionError(text.slice(start), "it is not closed by }}");
    pieces.push(text.slice(position, start), parseExpression(inside));
    position = end + 2;
  }
  pieces.push(text.slice(position));
  return pieces.filter((piece) => piece !== "");
}

/** Whether a status function is called anywhere inside; without one GitHub adds `success() &&` to an `if:`. */
export function callsStatusFunction(expression: Expression): boolean {
  switch (expression.kind) {
    case "literal":
    case "context":
      return false;
    case "property":
    case "not":
      return callsStatusFunction(expression.of);
    case "call":
      return STATUS_FUNCTIONS.has(expression.name) || expression.arguments.some(callsStatusFunction);
    case "binary":
      return callsStatusFunction(expression.left) || callsStatusFunction(expression.right);
    default:
      return unreachable(expression);
  }
}
