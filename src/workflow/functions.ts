/** `functionDefinitions`: text macros of the author. A step gets the text of those it names, calls or mentions. */
import type { Json } from "../shared/json.ts";
import { type Issue, type Path, suggestion } from "./issue.ts";
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

/** The expanded texts, each function once. */
export function expandFunctions(scope: FunctionScope, use: FunctionUse): readonly string[] {
  const texts: string[] = [];
  const named = new Set(use.references.map(bareName));
  for (const definition of scope.known) {
    if (!named.has(definition.name) && !use.always.includes(definition) && !mentions(use.text, definition.name)) continue;
    scope.used.add(definition);
    texts.push(describeFunction(definition));
  }
  for (const call of use.calls) {
    const definition = scope.known.find((each) => each.name === call.name);
    if (definition === undefined) continue;
    scope.used.add(definition);
    const given = Object.entries(call.args).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
    texts.push(`Do ${call.name}(${given.join(", ")}): ${withArguments(definition.definition, call.args)}`);
  }
  return texts;
}

const bareName = (reference: string): string => reference.replace(/\(\)$/, "");

interface NamedFunctions {
  readonly functionReferences?: readonly string[] | undefined;
  readonly functionCalls?: FunctionUse["calls"] | undefined;
}

/** Functions that nobody has defined, and calls that do not fit their definition. */
export function functionIssues({ known }: FunctionScope, { functionReferences = [], functionCalls = [] }: NamedFunctions, path: Path): readonly Issue[] {
  const names = known.map((each) => each.name);
  const unknown = (name: string, at: Path): Issue => ({ path: at, message: `There is no function "${name}".`, fix: `Declare it under \`functionDefinitions\`.${suggestion(name, names)}` });
  return [
    ...functionReferences.flatMap((reference, index) => (names.includes(bareName(reference)) ? [] : [unknown(bareName(reference), [...path, "functionReferences", index])])),
    ...functionCalls.flatMap((call, index) => {
      const at: Path = [...path, "functionCalls", index];
      const definition = known.find((each) => each.name === call.name);
      return definition === undefined ? [unknown(call.name, [...at, "name"])] : callIssues(call, definition, at);
    }),
  ];
}

/** A definition that lists no parameters takes any. */
function callIssues({ args }: FunctionUse["calls"][number], { name, parameters = [] }: FunctionDefinition, path: Path): readonly Issue[] {
  if (parameters.length === 0) return [];
  const names = parameters.map((parameter) => parameter.name);
  const strangers = Object.keys(args).filter((key) => !names.includes(key));
  return [
    ...strangers.map((key): Issue => ({ path: [...path, "args", key], at: "key", message: `The function "${name}" has no parameter "${key}".`, fix: `Use one of: ${names.join(", ")}.${suggestion(key, names)}` })),
    ...parameters.flatMap((parameter): readonly Issue[] => {
      const value = Object.hasOwn(args, parameter.name) ? args[parameter.name] : undefined;
      const at: Path = [...path, "args", parameter.name];
      if (value === undefined) return isOptional(parameter) ? [] : [{ path: [...path, "args"], message: `The function "${name}" needs the argument "${parameter.name}".`, fix: `Add \`${parameter.name}\` to \`args\`.` }];
      // What stands there when the step is offered is not known yet.
      if (typeof value === "string" && value.includes("{{")) return [];
      if (parameter.enum !== undefined) return parameter.enum.some((each) => each === value) ? [] : [{ path: at, message: `${JSON.stringify(value)} is none of the values of "${parameter.name}".`, fix: `Use one of: ${parameter.enum.map((each) => JSON.stringify(each)).join(", ")}.` }];
      return typeOf(value) === parameter.type ? [] : [{ path: at, message: `The argument "${parameter.name}" is of type ${typeOf(value)}, not ${parameter.type}.`, fix: `Write a value of type ${parameter.type}.` }];
    }),
  ];
}

type Parameter = NonNullable<FunctionDefinition["parameters"]>[number];
const isOptional = (parameter: Parameter): boolean => parameter.required === false || parameter.default !== undefined;
const typeOf = (value: Json): string => (Array.isArray(value) ? "array" : value === null ? "null" : typeof value);

const mentions = (text: string, name: string): boolean => {
  for (let at = text.indexOf(`${name}(`); at !== -1; at = text.indexOf(`${name}(`, at + 1)) if (!/\w/.test(text[at - 1] ?? " ")) return true;
  return false;
};

/** `name(a: string, b?: number): definition`, with what is said of each parameter. */
export function describeFunction(definition: FunctionDefinition): string {
  const parameters = definition.parameters ?? [];
  const signature = parameters.map((parameter) => `${parameter.name}${isOptional(parameter) ? "?" : ""}: ${parameter.enum === undefined ? parameter.type : parameter.enum.map((value) => JSON.stringify(value)).join(" | ")}${parameter.default === undefined ? "" : ` = ${JSON.stringify(parameter.default)}`}`);
  const said = parameters.flatMap((parameter) => (parameter.description === undefined ? [] : [`\n  ${parameter.name}: ${parameter.description}`]));
  return `${definition.name}(${signature.join(", ")}): ${definition.definition}${said.join("")}`;
}

function withArguments(definition: string, args: { readonly [key: string]: Json }): string {
  return definition.replace(/(?<!\{)\{([A-Za-z_]\w*)\}(?!\})/g, (whole, name: string) => {
    const value = Object.hasOwn(args, name) ? args[name] : undefined;
    return value === undefined ? whole : typeof value === "string" ? value : JSON.stringify(value);
  });
}
