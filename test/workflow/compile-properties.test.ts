import fc from "../fakes/fast-check.ts";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Json } from "../../src/shared/json.ts";
import { catalogue, compileWorkflow, parsePlan, previewPlan, routinesOf, toMermaid } from "../../src/workflow/index.ts";
import { canonicalJson } from "../../src/shared/json.ts";

const folder = "test/fixtures/workflows";
const sources = readdirSync(folder).map((file) => ({ file, text: readFileSync(`${folder}/${file}`, "utf8") }));
const documents: readonly Json[] = sources.map(({ text }) => parse(text));
const odd: fc.Arbitrary<Json> = fc.constantFrom<Json>(null, 0, -1, 1.5, true, "", "x", "a.b", "{arg}", "{{wr.bindings.x}}", "first-loop", [], {}, [[]], { a: {} }, [null]);

/** Every place in a document, as its path. */
function places(value: Json, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  const inner = Array.isArray(value) ? value.flatMap((item, index) => places(item, [...path, index])) : typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, item]) => places(item, [...path, key])) : [];
  return [path, ...inner];
}
function put(value: Json, [part, ...rest]: readonly (string | number)[], changed: Json): Json {
  if (part === undefined) return changed;
  if (Array.isArray(value)) return value.map((item, index) => (index === part ? put(item, rest, changed) : item));
  return Object.fromEntries(Object.entries(value ?? {}).map(([key, item]) => [key, key === part ? put(item, rest, changed) : item]));
}

test("a document with anything in any place compiles or gives located faults; a plan reads back as it was and can be drawn", () => {
  const routines = routinesOf(sources);
  const changed = fc.tuple(fc.nat(), fc.array(fc.tuple(fc.nat(), odd), { minLength: 1, maxLength: 2 })).map(([which, changes]) => {
    let document = documents[which % documents.length] ?? null;
    for (const [at, value] of changes) {
      const all = places(document);
      document = put(document, all[at % all.length] ?? [], value);
    }
    return document;
  });
  let compiled = 0;
  fc.assert(
    fc.property(changed, (document) => {
      const result = compileWorkflow({ text: JSON.stringify(document), file: "w.json" }, { routines });
      if (!result.ok) {
        expect(result.error.length).toBeGreaterThan(0);
        expect(result.error.every((fault) => fault.line >= 1 && fault.column >= 1 && fault.message !== "" && fault.fix !== "")).toBe(true);
        return;
      }
      compiled += 1;
      const { plan } = result.value;
      expect(parsePlan(canonicalJson(plan))).toEqual({ ok: true, value: plan });
      expect(toMermaid(previewPlan(plan))).toContain("flowchart TD");
    }),
    { numRuns: 400 },
  );
  expect(compiled).toBeGreaterThan(3);
});

test("a library of such documents has its faults file by file", () => {
  const { workflows, faults } = catalogue([...sources, { file: "broken.yaml", text: "id: wr.routine-broken\nsteps: 1" }]);
  expect(workflows.size).toBe(sources.length);
  expect(new Set(faults.map((fault) => fault.file))).toEqual(new Set(["broken.yaml"]));
});
