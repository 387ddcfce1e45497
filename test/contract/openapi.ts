import { readFileSync } from "node:fs";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { LoggedRequest } from "../../src/hosts/demo/github/index.ts";
import { checkGitRequest } from "./git-requests.ts";
import { checkGraphQlRequest } from "./graphql.ts";

/**
 * Compares requests and answers with GitHub's own OpenAPI description, cut to what this project sends
 * (`github-openapi.json`, made by `scripts/extract-openapi.mjs`). What is not in that description has schemas written here:
 * git's protocol in `git-requests.ts`. GraphQL is compared with GitHub's schema in `graphql.ts`.
 */
export interface RestRequest {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
}

export interface RestAnswer extends RestRequest {
  readonly status: number;
  /** What was answered, parsed; `body` stays the request's. */
  readonly answer: unknown;
}

type Schema = Readonly<Record<string, unknown>>;

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: "path" | "query"; readonly required: boolean; readonly schema: Schema }[];
  readonly body: { readonly required: boolean; readonly schema: Schema } | null;
  readonly responses: Readonly<Record<string, Schema | null>>;
}

interface Description {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly schemas: Readonly<Record<string, Schema>>;
}

const description: Description = JSON.parse(readFileSync(new URL("github-openapi.json", import.meta.url), "utf8"));

const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: true });
addFormats.default(ajv);
// Formats of the description that JSON Schema does not define; they add nothing to the type.
for (const format of ["int64", "timestamp", "repo.nwo", "ssh-key", "ssh-key fingerprint"]) ajv.addFormat(format, true);
ajv.addSchema({ $id: "github", schemas: description.schemas });

const coercing = new Ajv({ allErrors: true, strict: false, coerceTypes: true });
addFormats.default(coercing);
for (const format of ["int64", "timestamp"]) coercing.addFormat(format, true);
coercing.addSchema({ $id: "github", schemas: description.schemas });

const compiled = new Map<Schema, ValidateFunction>();

function validatorOf(schema: Schema, compiler = ajv): ValidateFunction {
  const there = compiled.get(schema);
  if (there !== undefined) return there;
  const made = compiler.compile(absolute(schema));
  compiled.set(schema, made);
  return made;
}

/** `#/schemas/x` seen from outside the description. */
const absolute = (schema: Schema): Schema => JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"github#/'));

const say = (where: string, errors: readonly ErrorObject[] | null | undefined): string[] =>
  (errors ?? []).map((error) => `${where}${error.instancePath} ${error.message ?? ""} ${JSON.stringify(error.params)}`);

interface Match {
  readonly name: string;
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
}

/** These parameters may hold slashes when they come last. */
const GREEDY = new Set(["{path}", "{ref}", "{branch}", "{basehead}"]);

function matchOperation(method: string, path: string): Match | null {
  const segments = path.slice(1).split("/");
  const matches = Object.entries(description.operations).flatMap(([name, operation]) => {
    const [described = "", template = ""] = name.split(" ");
    const params = described === method ? matchPath(template.slice(1).split("/"), segments) : null;
    return params === null ? [] : [{ name, operation, params }];
  });
  const literal = (match: Match): number => match.name.split("/").filter((part) => !part.startsWith("{")).length;
  return matches.toSorted((a, b) => literal(b) - literal(a))[0] ?? null;
}

function matchPath(template: readonly string[], segments: readonly string[]): Readonly<Record<string, string>> | null {
  const last = template.at(-1) ?? "";
  if (segments.length !== template.length && !(GREEDY.has(last) && segments.length > template.length)) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    const segment = index === template.length - 1 ? segments.slice(index).join("/") : (segments[index] ?? "");
    if (part.startsWith("{")) params[part.slice(1, -1)] = decodeURIComponent(segment);
    else if (part !== segment) return null;
  }
  return Object.values(params).includes("") ? null : params;
}

/** What is wrong with a request, by GitHub's description; empty when nothing is. */
export function checkRequest(request: RestRequest): string[] {
  const match = matchOperation(request.method, request.path);
  const title = `${request.method} ${request.path}`;
  if (match === null)
    return [`${title}: GitHub's description (as extracted) has no such operation; if it is real, add it to scripts/extract-openapi.mjs`];
  const found = [...checkParameters(match, request.query ?? {}), ...checkBody(match.operation, request.body ?? null)];
  return found.map((error) => `${match.name}: ${error}`);
}

/** Described as one `date-time`, documented as a range in search syntax (docs: "List workflow runs", `created`). */
const SEARCH_RANGES = new Set(["created"]);

function checkParameters({ operation, params }: Match, query: Readonly<Record<string, string | readonly string[]>>): string[] {
  const listed = operation.parameters.filter((parameter) => parameter.in === "query").map((parameter) => parameter.name);
  const unknown = Object.keys(query)
    .filter((name) => !listed.includes(name))
    .map((name) => `query parameter ${name} is not described`);
  const wrong = operation.parameters.flatMap((parameter) => {
    const value = parameter.in === "path" ? params[parameter.name] : query[parameter.name];
    if (value === undefined) return parameter.required ? [`${parameter.in} parameter ${parameter.name} is missing`] : [];
    if (SEARCH_RANGES.has(parameter.name)) return [];
    const validate = validatorOf(parameter.schema, coercing);
    return validate(value) ? [] : say(`${parameter.in} parameter ${parameter.name}`, validate.errors);
  });
  return [...unknown, ...wrong];
}

function checkBody({ body }: Operation, given: unknown): string[] {
  if (body === null) return given === null || isEmptyObject(given) ? [] : ["a body is sent, none is described"];
  if (given === null) return body.required ? ["the body is missing"] : [];
  const validate = validatorOf(body.schema);
  return [...(validate(given) ? [] : say("body", validate.errors)), ...undescribed(body.schema, given, "body")];
}

const isEmptyObject = (value: unknown): boolean => typeof value === "object" && value !== null && Object.keys(value).length === 0;

/** Properties that no branch of a schema lists, where it lists any: GitHub ignores those silently. */
function undescribed(schema: Schema, value: unknown, path: string): string[] {
  if (Array.isArray(value)) {
    const items = branches(schema).flatMap((branch) => (isSchema(branch["items"]) ? [branch["items"]] : []));
    return items.length === 0 ? [] : value.flatMap((item, index) => undescribed({ anyOf: items }, item, `${path}/${index}`));
  }
  if (typeof value !== "object" || value === null) return [];
  const listed = new Map<string, Schema[]>();
  for (const branch of branches(schema)) {
    for (const [name, property] of Object.entries(isSchema(branch["properties"]) ? branch["properties"] : {})) {
      if (isSchema(property)) listed.set(name, [...(listed.get(name) ?? []), property]);
    }
  }
  if (listed.size === 0) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const properties = listed.get(name);
    return properties === undefined ? [`${path}/${name} is not described`] : undescribed({ anyOf: properties }, member, `${path}/${name}`);
  });
}

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);

/** A schema and everything it is composed of, references followed. */
function branches(schema: Schema): readonly Schema[] {
  const reference = schema["$ref"];
  if (typeof reference === "string") return branches(description.schemas[reference.replace("#/schemas/", "")] ?? {});
  const parts = ["oneOf", "anyOf", "allOf"].flatMap((key) => (Array.isArray(schema[key]) ? schema[key].filter(isSchema) : []));
  return [schema, ...parts.flatMap(branches)];
}

/** What is wrong with an answer, by GitHub's description; empty when nothing is. Error answers that are not described pass. */
export function checkResponse(answered: RestAnswer): string[] {
  const match = matchOperation(answered.method, answered.path);
  if (match === null) return [`${answered.method} ${answered.path}: GitHub's description (as extracted) has no such operation`];
  const schema = match.operation.responses[String(answered.status)];
  if (schema === undefined) return answered.status >= 400 ? [] : [`${match.name}: status ${answered.status} is not described`];
  if (schema === null) return [];
  const validate = validatorOf(schema);
  return validate(answered.answer) ? [] : say(`${match.name}: ${answered.status}`, validate.errors);
}

/**
 * Fails with everything that is wrong in a server's request log: undescribed routes, parameters and bodies.
 * Give it the log of a whole test; requests that a test makes on purpose against the description are to be left out by it.
 */
export function assertRequestsConform(requests: readonly LoggedRequest[]): void {
  const wrong = requests.flatMap((request) => {
    switch (request.kind) {
      case "rest":
      case "unknown":
        return checkRequest(request).map((error) => `${request.who}: ${error}`);
      case "graphql":
        return checkGraphQlRequest(request.body).map((error) => `${request.who}: ${request.route}: ${error}`);
      case "git":
        return checkGitRequest(request).map((error) => `${request.who}: ${error}`);
      case "artifact-download":
        return request.method === "GET" ? [] : [`${request.who}: an artifact is downloaded by GET, not ${request.method}`];
    }
  });
  if (wrong.length > 0) throw new Error(`Requests that GitHub does not describe:\n${[...new Set(wrong)].join("\n")}`);
}
