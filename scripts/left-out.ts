/**
 * What the bundle of the Action leaves out of packages although something there imports it: parts that WorkTrain never calls, a
 * twentieth of the whole. A stand-in has the names of the file it stands for; each throws when it is called after all, but those
 * written here. A file that is no longer met fails the build.
 */
import { readFileSync } from "node:fs";
import type { Plugin } from "rolldown";
import { leanRe2js } from "./lean-re2js.ts";

const SDK = "@anthropic-ai/sdk";

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
};

/** By the end of the file's path: what is made of its text. */
const REWRITTEN: Readonly<Record<string, (source: string) => string>> = {
  "re2js/build/index.js": leanRe2js,
};

function standIn(source: string, reached: Readonly<Record<string, string>>): string {
  const listed = [...source.matchAll(/^export \{([^}]*)\}/gm)].flatMap(([, names = ""]) => names.split(",").map((name) => name.trim().replace(/^.* as /, "")));
  const declared = [...source.matchAll(/^export (?:async )?(?:function|const|let|var|class) (\w+)/gm)].map(([, name = ""]) => name);
  const names = [...listed, ...declared].filter((name) => name !== "" && name !== "default" && !Object.hasOwn(reached, name));
  const refusals = names.map((name) => `export function ${name}() { throw new Error("scripts/left-out.ts leaves ${name} out of the bundle."); }`);
  return [...refusals, ...Object.entries(reached).map(([name, value]) => `export const ${name} = ${value};`)].join("\n");
}

/** What a key of `worktrain.yml` means: for the published schema and the docs, which are made of the sources. */
const DESCRIPTION = /\s*\.describe\((?:"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)\)/g;

const FILES = [...Object.keys(STAND_INS), ...Object.keys(REWRITTEN)];

/** Fails at the end of a build in which one of the files was not met. */
export function leaveOut(): Plugin {
  const met = new Set<string>();
  return {
    name: "leave-out",
    load(id) {
      const path = id.replaceAll("\\", "/");
      const end = FILES.find((name) => path.endsWith(`/node_modules/${name}`));
      if (end === undefined) return null;
      met.add(end);
      const source = readFileSync(id, "utf8");
      const rewrite = REWRITTEN[end];
      return rewrite === undefined ? { code: standIn(source, STAND_INS[end] ?? {}), moduleSideEffects: false } : { code: rewrite(source) };
    },
    transform: { filter: { id: /\/src\/config\/[^/]+\.ts$/ }, handler: (code) => ({ code: code.replaceAll(DESCRIPTION, "") }) },
    generateBundle() {
      const missing = FILES.filter((end) => !met.has(end));
      if (missing.length > 0) this.error(`Nothing imports ${missing.join(" and ")} any more: correct scripts/left-out.ts.`);
    },
  };
}
