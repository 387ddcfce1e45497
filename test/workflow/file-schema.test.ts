import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { workflowJsonSchema } from "../../src/workflow/file-schema.ts";

test("docs/workflow.schema.json is the schema (else run scripts/generate-docs.mjs)", () => {
  expect(JSON.parse(readFileSync("docs/workflow.schema.json", "utf8"))).toEqual(workflowJsonSchema());
});

test("it takes every shipped workflow, routine and fixture that is written for it, and refuses a typo", () => {
  const validate = new Ajv2020({ strict: false }).compile(workflowJsonSchema());
  const folders = ["workflows", "workflows/routines", "test/fixtures/workflows"];
  const files = folders.flatMap((folder) => readdirSync(folder).filter((file) => file.endsWith(".yaml")).map((file) => `${folder}/${file}`));
  const refused = files.filter((file) => !validate(parse(readFileSync(file, "utf8"))));
  expect(refused).toEqual([]);
  expect(validate({ id: "abc", name: "n", description: "d", version: "1.0.0", steps: [{ id: "one", title: "t", promt: "x" }] })).toBe(false);
});
