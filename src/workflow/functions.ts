/** `functionDefinitions`: text macros of the author. A step gets the text of those it names, calls or mentions. */
import type { Json } from "../shared/json.ts";
import type { FunctionDefinition } from "./vocabulary.ts";

/** The functions a step can see; `used` collects the names that some step got. */
export interface FunctionScope {
  readonly known: readonly FunctionDefinition[];
  readonly used: Set<FunctionDefinition>;
}

export const extendFunctions = (scope: FunctionScope, more: readonly FunctionDefinition[]): FunctionScope =>
  more.length === 0 ? scope : { known: [...more, ...scope.known.filter((each) => !more.some((own) => own.name === each.name))], used: scope.used };

export interface FunctionUse {
  readonly references: readonly string[];
  readonly calls: readonly { readonly name: string; readonly args: { readonly [key: string]: Json } }[];
  /** Text in which `name(` counts as naming the function. */
  readonly text: string;
  /** Definitions that this step gets whether it names them or not. */
  readonly always: readonly FunctionDefinition[];
}

/** The expanded texts, each function once, and the names that nobody has defined. */
export function expandFunctions(scope: FunctionScope, use: FunctionUse): { readonly texts: readonly string[]; readonly unknown: readonly string[] } {
  const texts: string[] = [];
  const unknown: string[] = [];
  const named = new Set(use.references.map((reference) => reference.replace(/\(\)$/, "")));
  for (const definition of scope.known) {
    if (!named.has(definition.name) && !use.always.includes(definition) && !mentions(use.text, definition.name)) continue;
    scope.used.add(definition);
    texts.push(describeFunction(definition));
  }
  for (const name of named) if (!scope.known.some((each) => each.name === name)) unknown.push(name);
  for (const call of use.calls) {
    const definition = scope.known.find((each) => each.name === call.name);
    if (definition === undefined) {
      unknown.push(call.name);
      continue;
    }
    scope.used.add(definition);
    const given = Object.entries(call.args).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    texts.push(`Do ${call.name}(${given.join(", ")}): ${withArguments(definition.definition, call.args)}`);
  }
  return { texts, unknown };
}

const mentions = (text: string, name: string): boolean => {
  for (let at = text.indexOf(`${name}(`); at !== -1; at = text.indexOf(`${name}(`, at + 1)) if (!/\w/.test(text[at - 1] ?? " ")) return true;
  return false;
};

/** `name(a: string, b?: number): definition`, with what is said of each parameter. */
export function describeFunction(definition: FunctionDefinition): string {
  const parameters = definition.parameters ?? [];
  const signature = parameters.map((parameter) => `${parameter.name}${parameter.required === false || parameter.default !== undefined ? "?" : ""}: ${parameter.enum === undefined ? parameter.type : parameter.enum.map((value) => JSON.stringify(value)).join(" | ")}${parameter.default === undefined ? "" : ` = ${JSON.stringify(parameter.default)}`}`);
  const said = parameters.flatMap((parameter) => (parameter.description === undefined ? [] : [`\n  ${parameter.name}: ${parameter.description}`]));
  return `${definition.name}(${signature.join(", ")}): ${definition.definition}${said.join("")}`;
}

function withArguments(definition: string, args: { readonly [key: string]: Json }): string {
  return definition.replace(/(?<!\{)\{([A-Za-z_]\w*)\}(?!\})/g, (whole, name: string) => {
    const value = Object.hasOwn(args, name) ? args[name] : undefined;
    return value === undefined ? whole : typeof value === "string" ? value : JSON.stringify(value);
  });
}
