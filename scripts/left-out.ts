/**
 * What the bundle of the Action leaves out of packages although something there imports it: parts that WorkTrain never calls, a
 * tenth of the whole. A stand-in has the names of the file it stands for; each throws when it is called after all, but those
 * written here. A file that is no longer met fails the build.
 */
import { readFileSync } from "node:fs";
import type { Plugin } from "rolldown";
import { leanRe2js } from "./lean-re2js.ts";
import { leanZodClasses, leanZodCompiler, leanZodProcessors, leanZodSwitches, zodFaults } from "./lean-zod.ts";
import { withShortNames } from "./short-names.ts";
import { withoutFields, withoutMethods } from "./syntax.ts";

const SDK = "@anthropic-ai/sdk";
const YAML = "yaml/browser/dist";
export const ZOD = "zod/v4";

/** By the end of the file's path: the exports that are reached. */
const STAND_INS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // A class for each error code of all of Anthropic's APIs: `agent/failure.ts` reads status and code, which their base class has too.
  [`${SDK}/core/error-classes.mjs`]: { ERROR_CODE_CLASSES: "new Map()" },
  // `messages.stream()`, `.parse()` and `.batches`: `ModelClient` in `agent/provider.ts` has `create` and `countTokens` only.
  [`${SDK}/lib/MessageStream.mjs`]: {},
  [`${SDK}/lib/parser.mjs`]: {},
  [`${SDK}/resources/messages/batches.mjs`]: { Batches: "class {}" },
  // Addresses with a query, forms and files: neither call has any.
  [`${SDK}/internal/utils/query.mjs`]: {},
  [`${SDK}/core/uploads.mjs`]: {},
  // Tracing, which `agent/provider.ts` switches off: no call has a span then.
  [`${SDK}/internal/tracing.mjs`]: {
    resolveOpenTelemetryOptions: "(option) => Object.freeze(option)",
    guardTracing: "(_client, step) => step()",
    getTracer: "() => undefined",
    startApiCallSpan: "() => undefined",
  },
  [`${SDK}/lib/internal/tracing.mjs`]: { recordMessagesCreateRequest: "() => undefined" },
  "@opentelemetry/api/dist/index.mjs": {},
  // Profiles on disk and people's own sign-in: `agent/provider.ts` hands over a key, or a configuration that names no file for credentials.
  [`${SDK}/core/credentials.mjs`]: {},
  [`${SDK}/lib/credentials/user-oauth.mjs`]: {},
  // The same for engines without `JSON.rawJSON` or a reviver's source, and for nesting no answer of GitHub has: the Action runs on Node 24.
  "json-with-bigint/json-with-bigint.js": {
    JSONParse: "(text) => JSON.parse(text, (_, value, context) => (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER && /^-?\\d+$/.test(context.source) ? BigInt(context.source) : value))",
    JSONStringify: "(value) => JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? JSON.rawJSON(String(each)) : each))",
  },
  // Making a document of values, and walking tokens.
  [`${YAML}/doc/createNode.js`]: {},
  [`${YAML}/parse/cst-visit.js`]: {},
  // Writing YAML: the Action reads it only, and where keys are more than a text `config/parse-config.ts` refuses them before they are written as one.
  ...Object.fromEntries(["stringify", "stringifyCollection", "stringifyDocument", "stringifyNumber", "stringifyPair", "stringifyString"].map((name) => [`${YAML}/stringify/${name}.js`, {}])),
};

const TAGS = [
  "common/map", "common/null", "common/seq", "common/string", "core/bool", "core/float", "core/int", "json/schema",
  "yaml-1.1/binary", "yaml-1.1/bool", "yaml-1.1/float", "yaml-1.1/int", "yaml-1.1/omap", "yaml-1.1/pairs", "yaml-1.1/set", "yaml-1.1/timestamp",
];

/** By the end of the file's path: what is made of its text. */
const REWRITTEN: Readonly<Record<string, (source: string) => string>> = {
  "re2js/build/index.js": leanRe2js,
  [`${ZOD}/classic/schemas.js`]: leanZodClasses,
  [`${ZOD}/core/compile.js`]: leanZodCompiler,
  [`${ZOD}/core/json-schema-processors.js`]: leanZodProcessors,
  [`${ZOD}/core/memoizer.js`]: leanZodSwitches,
  // Other calls than the two, copies of a client, credentials of the machine, and reading a stream otherwise than event by event.
  [`${SDK}/client.mjs`]: (source) => withoutMethods(source, { BaseAnthropic: ["withOptions", "get", "patch", "put", "delete", "getAPIList", "requestAPIList", "makeTracedRequest", "_resolveDefaultCredentials"] }),
  [`${SDK}/resources/messages/messages.mjs`]: (source) => withoutMethods(source, { Messages: ["parse", "stream"] }),
  [`${SDK}/core/streaming.mjs`]: (source) => withoutMethods(source, { Stream: ["fromReadableStream", "tee", "toReadableStream"] }),
  // Changing a document, and looking things up in it by a path.
  [`${YAML}/doc/Document.js`]: (source) =>
    withoutMethods(source, { Document: ["clone", "add", "addIn", "createAlias", "createPair", "delete", "deleteIn", "get", "getIn", "has", "hasIn", "set", "setIn"] }),
  [`${YAML}/nodes/Collection.js`]: (source) => withoutMethods(source, { Collection: ["clone", "addIn", "deleteIn", "getIn", "hasIn", "setIn"] }),
  ...Object.fromEntries(["YAMLMap", "YAMLSeq"].map((name) => [`${YAML}/nodes/${name}.js`, (source: string) => withoutMethods(source, { [name]: ["from"] })])),
  // What only writing and making a document ask of a tag. Merging asks one more of its own.
  ...Object.fromEntries(TAGS.map((name) => [`${YAML}/schema/${name}.js`, (source: string) => withoutFields(source, "tag", ["identify", "stringify", "createNode"])])),
  // A token's own fields keep their names: what composes documents reads them.
  [`${YAML}/parse/lexer.js`]: (source) => withShortNames(source, ["lex"]),
  [`${YAML}/parse/parser.js`]: (source) => withShortNames(source, ["parse", "next", "end", "type", "offset", "indent", "source", "items"]),
};

function standIn(source: string, reached: Readonly<Record<string, string>>): string {
  const listed = [...source.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, names = ""]) => names.split(",").map((name) => name.trim().replace(/^.* as /, "")));
  const declared = [...source.matchAll(/^export (?:async )?(?:function|const|let|var|class) (\w+)/gm)].map(([, name = ""]) => name);
  const names = [...listed, ...declared].filter((name) => name !== "" && name !== "default" && !Object.hasOwn(reached, name));
  const refusals = names.map((name) => `export function ${name}() { throw new Error("scripts/left-out.ts leaves ${name} out of the bundle."); }`);
  return [...refusals, ...Object.entries(reached).map(([name, value]) => `export const ${name} = ${value};`)].join("\n");
}

/** What a key of `worktrain.yml` means: for the published schema and the docs, which are made of the sources. */
const DESCRIBED = /\/src\/config\/[^/]+\.ts$/;
const DESCRIPTION = /\s*\.describe\((?:"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)\)/g;

const FILES = [...Object.keys(STAND_INS), ...Object.keys(REWRITTEN)];

/** What a file of a package is in the bundle; null where it is as it was. */
export function inBundle(path: string): { readonly file: string; readonly code: string; readonly isStandIn: boolean } | null {
  const file = FILES.find((name) => path.replaceAll("\\", "/").endsWith(`/node_modules/${name}`));
  if (file === undefined) return null;
  const source = readFileSync(path, "utf8");
  const rewrite = REWRITTEN[file];
  return { file, code: rewrite?.(source) ?? standIn(source, STAND_INS[file] ?? {}), isStandIn: rewrite === undefined };
}

/** Takes those away. */
export const leaveOutDescriptions = (): Plugin => ({
  name: "leave-out-descriptions",
  transform: { filter: { id: DESCRIBED }, handler: (code) => ({ code: code.replaceAll(DESCRIPTION, "") }) },
});

/**
 * Fails at the end of a build in which one of the files was not met.
 * @param packages whose files they are: those that the build bundles of the ones above; default: all
 */
export function leaveOut(packages: readonly string[] = [""]): Plugin {
  const files = FILES.filter((file) => packages.some((name) => file.startsWith(name)));
  const met = new Set<string>();
  return {
    name: "leave-out",
    load(id) {
      const made = inBundle(id);
      if (made === null || !files.includes(made.file)) return null;
      met.add(made.file);
      return made.isStandIn ? { code: made.code, moduleSideEffects: false } : { code: made.code };
    },
    transform: {
      filter: { id: /\/src\/.*\.ts$/ },
      handler(code, id) {
        if (id.includes("/node_modules/")) return null;
        const [fault] = zodFaults(code);
        if (fault !== undefined) this.error(`${id} calls ${fault}() of a schema, which is left out: correct scripts/lean-zod.ts.`);
        return null;
      },
    },
    generateBundle() {
      const missing = files.filter((end) => !met.has(end));
      if (missing.length > 0) this.error(`Nothing imports ${missing.join(" and ")} any more: correct scripts/left-out.ts.`);
    },
  };
}
