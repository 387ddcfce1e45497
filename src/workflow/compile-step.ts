import type { Json } from "../shared/json.ts";
import { checkFields } from "./check-fields.ts";
import { type Condition, conditionIssues } from "./condition.ts";
import { BUILT_IN_CONTRACTS, isBuiltInContract } from "./contracts.ts";
import { type Issue, type Path, suggestion } from "./issue.ts";
import type { JsonSchema } from "./json-schema.ts";
import type { StandardStep } from "./plan.ts";
import { promptOfBlocks } from "./prompt-blocks.ts";
import { type Confirmation, NOT_RUN_IN_STEP, type PromptBlocks, standardStepFields } from "./vocabulary.ts";

/** What a step is compiled against. */
export interface StepScope {
  /** Workflow-wide, used where the step names none. */
  readonly modelTier: StandardStep["modelTier"];
  readonly contracts: Readonly<Record<string, JsonSchema>>;
}

export interface CompiledStep {
  /** Null when the step has issues. */
  readonly step: StandardStep | null;
  readonly issues: readonly Issue[];
  /** Faults from schemaVersion 2 on, warnings in 1. */
  readonly lenient: readonly Issue[];
}

type StepValues = ReturnType<typeof checkFields<typeof standardStepFields>>["values"];

export function compileStep(value: Json, path: Path, scope: StepScope): CompiledStep {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return { step: null, issues: [{ path, message: "A step must be a mapping.", fix: "Give it id, title and prompt." }], lenient: [] };
  }
  const checked = checkFields(standardStepFields, NOT_RUN_IN_STEP, value, path);
  const { values } = checked;
  const issues = [...checked.issues, ...promptIssues(values, value, path), ...contractIssues(values, path, scope), ...bindingIssues(value, path)];
  const lenient = [...checked.unknown, ...(values.runCondition === undefined ? [] : conditionIssues(values.runCondition, [...path, "runCondition"]))];
  const gate = confirmationOf(values.requireConfirmation);
  if (gate !== null && gate.condition !== null) lenient.push(...conditionIssues(gate.condition, [...path, "requireConfirmation"]));
  if (issues.length > 0 || values.id === undefined || values.title === undefined) return { step: null, issues, lenient };

  const contract = values.outputContract;
  const step: StandardStep = {
    kind: "standard",
    id: values.id,
    title: values.title,
    prompt: values.prompt ?? promptOfBlocks(values.promptBlocks ?? {}),
    agentRole: values.agentRole ?? null,
    systemPrompt: values.systemPrompt ?? null,
    modelTier: values.modelTier ?? scope.modelTier,
    guidance: values.guidance ?? [],
    hints: hintsOf(values),
    runCondition: values.runCondition ?? null,
    confirmation: gate,
    contract: contract === undefined ? null : { ref: contract.contractRef, required: contract.required ?? true, requireFields: contract.requireFields ?? [] },
    notesRequired: contract === undefined && values.notesOptional !== true,
    requires: Object.fromEntries((values.requires ?? []).map((item) => (typeof item === "string" ? [item, {}] : [item.key, item.schema]))),
    produces: values.produces ?? {},
    allowedTools: values.allowedTools ?? null,
    verification: { command: values.verification?.command ?? null, prompt: values.verification?.prompt ?? null },
  };
  return { step, issues, lenient };
}

function hintsOf(values: StepValues): string[] {
  const hints: string[] = [];
  if (values.askForFiles === true) hints.push("Ask for the files you need before you start.");
  if (values.hasValidation === true) hints.push("What you hand over is validated; check it first.");
  return hints;
}

function promptIssues(values: StepValues, raw: object, path: Path): readonly Issue[] {
  const issues: Issue[] = [];
  const has = (key: string): boolean => Object.hasOwn(raw, key);
  const given = ["prompt", "promptBlocks", "templateCall"].filter(has);
  if (given.length === 0 && !has("type")) issues.push({ path, message: "The step has no prompt.", fix: "Add `prompt` or `promptBlocks`." });
  if (given.length > 1) issues.push({ path: [...path, given[1] ?? ""], at: "key", message: `The step has ${given.join(" and ")}.`, fix: "Keep one of them." });
  if (values.promptBlocks !== undefined) {
    const references = referenceIssues(values.promptBlocks, [...path, "promptBlocks"]);
    issues.push(...references);
    if (references.length === 0 && promptOfBlocks(values.promptBlocks).trim() === "") {
      issues.push({ path: [...path, "promptBlocks"], message: "The prompt blocks say nothing.", fix: "Write at least a goal." });
    }
  }
  return issues;
}

function referenceIssues(blocks: PromptBlocks, path: Path): readonly Issue[] {
  const issues: Issue[] = [];
  const values = [
    ...(blocks.goal === undefined ? [] : [{ value: blocks.goal, at: ["goal"] as Path }]),
    ...(["constraints", "procedure", "verify"] as const).flatMap((block) => (blocks[block] ?? []).map((value, index) => ({ value, at: [block, index] as Path }))),
  ];
  for (const { value, at } of values) {
    if (typeof value === "string") continue;
    for (const [index, part] of value.entries()) {
      if (part.kind !== "ref") continue;
      issues.push({ path: [...path, ...at, index], message: `The language has references such as ${part.refId}, but this version of WorkTrain does not run them.`, fix: "Write the text out." });
    }
  }
  return issues;
}

/** `{{wr.*}}` anywhere in the step's text. */
function bindingIssues(value: Json, path: Path): readonly Issue[] {
  if (typeof value === "string") {
    const token = /\{\{\s*wr\.[^}]*\}\}/.exec(value)?.[0];
    return token === undefined ? [] : [{ path, message: `The language has ${token}, but this version of WorkTrain does not run it.`, fix: "Write the text out." }];
  }
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => bindingIssues(item, [...path, index]));
  return Object.entries(value).flatMap(([key, item]) => bindingIssues(item, [...path, key]));
}

function contractIssues(values: StepValues, path: Path, scope: StepScope): readonly Issue[] {
  const contract = values.outputContract;
  if (contract === undefined) return [];
  const at = [...path, "outputContract", "contractRef"];
  const fields = fieldsOfContract(contract.contractRef, scope.contracts);
  if (fields === null) {
    const known = [...Object.keys(scope.contracts), ...Object.keys(BUILT_IN_CONTRACTS)];
    return [{ path: at, message: `There is no contract "${contract.contractRef}".`, fix: `Declare it under \`contracts\`, or use one of: ${known.join(", ")}.${suggestion(contract.contractRef, known)}` }];
  }
  return (contract.requireFields ?? []).flatMap((field, index) =>
    fields.includes(field)
      ? []
      : [{ path: [...path, "outputContract", "requireFields", index], message: `The contract ${contract.contractRef} has no field "${field}".`, fix: `Use one of: ${fields.join(", ")}.${suggestion(field, fields)}` }],
  );
}

/** Names of a contract's fields, or null when there is no such contract. */
function fieldsOfContract(ref: string, declared: StepScope["contracts"]): readonly string[] | null {
  if (isBuiltInContract(ref)) return Object.keys(BUILT_IN_CONTRACTS[ref].shape);
  const schema = Object.hasOwn(declared, ref) ? declared[ref] : undefined;
  if (schema === undefined) return null;
  const properties = schema["properties"];
  return typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
}

function confirmationOf(value: Confirmation | undefined): { gate: "any" | "human_approval" | "coordinator_eval"; condition: Condition | null } | null {
  if (value === undefined || value === false) return null;
  if (value === true) return { gate: "any", condition: null };
  if ("kind" in value) return { gate: value.kind, condition: value.condition ?? null };
  return { gate: "any", condition: value };
}
