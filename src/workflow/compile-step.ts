import { canonicalJson, type JsonObject } from "../shared/json.ts";
import { beyondFaults, checkFields, overlap } from "./check-fields.ts";
import { acceptanceIssues } from "./compile-acceptance.ts";
import { type Condition, conditionIssues } from "./condition.ts";
import { namesInstead, schemaOfContract } from "./contract-fields.ts";
import { BUILT_IN_CONTRACTS } from "./contracts.ts";
import type { Criteria } from "./criteria.ts";
import { expandFunctions, extendFunctions, functionIssues } from "./functions.ts";
import { type Issue, type Path, suggestion } from "./issue.ts";
import type { StandardStep } from "./plan.ts";
import { promptOfBlocks, referenceIssues } from "./prompt-blocks.ts";
import { type Scope, stepIdOf } from "./scope.ts";
import type { FunctionDefinition } from "./vocabulary.ts";
import { type Confirmation, type DelegationText, type OutputContract, standardStepFields, type StepValues } from "./vocabulary-steps.ts";

/** A standard step and, behind it, the audit it asks for. One with issues is compiled as far as it goes, for the sake of what refers to it. */
export function compileStandard(raw: JsonObject, path: Path, scope: Scope): readonly StandardStep[] {
  const { values } = checkStandard(raw, path, scope);
  return withAudit(standardStep(values, path, scope), values.audit);
}

/** The step and the audit behind it; a gate and a jump wait for the audit. */
export const withAudit = (step: StandardStep, audit: StepValues["audit"]): readonly StandardStep[] => (audit === undefined ? [step] : [{ ...step, confirmation: null, jump: null }, auditOf(step, audit)]);

type NamedValues = StepValues & { readonly id: string; readonly title: string };

/** The step's fields as far as they can be used; what is wrong with them goes to the findings. `faults`: what their own schemas say. */
export function checkStandard(raw: JsonObject, path: Path, scope: Scope): { readonly values: NamedValues; readonly faults: readonly Issue[] } {
  const checked = checkFields(standardStepFields, raw, path);
  const faults = checked.issues;
  const { jumpIf, ...rest } = checked.values;
  const target: Path = [...path, "jumpIf", "target"];
  const jump = faults.some((fault) => overlap(fault.path, target)) ? undefined : jumpIf;
  const values: NamedValues = { ...rest, ...(jump === undefined ? {} : { jumpIf: jump }), id: stepIdOf(raw, path), title: rest.title ?? "" };
  const acceptance = acceptanceIssues(values, path, scope);
  const hard = [...promptIssues(values, raw, path), ...contractIssues(values.outputContract, [...path, "outputContract"], scope), ...acceptance.issues];
  const soft = [...(values.promptBlocks === undefined ? [] : referenceIssues(values.promptBlocks, [...path, "promptBlocks"])), ...conditionsOf(values, path), ...acceptance.lenient, ...functionIssues(extendFunctions(scope.functions, values.functionDefinitions ?? []), values, path)];
  scope.findings.issues.push(...faults, ...beyondFaults(hard, faults));
  scope.findings.lenient.push(...checked.unknown, ...beyondFaults(soft, faults));
  if (!["prompt", "promptBlocks", "templateCall"].some((key) => Object.hasOwn(raw, key))) scope.findings.lenient.push({ path, message: "The step has no prompt.", fix: "Add `prompt`, `promptBlocks` or `templateCall`." });
  return { values, faults };
}

export function standardStep(values: NamedValues, path: Path, scope: Scope): StandardStep {
  const own = values.functionDefinitions ?? [];
  const blocks = values.promptBlocks === undefined ? null : promptOfBlocks(values.promptBlocks, scope.features);
  const prompt = values.prompt ?? blocks ?? values.title;
  const contract = contractOf(values.outputContract, scope);
  const { jumpIf } = values;
  const jump = jumpIf === undefined ? null : { condition: jumpIf.condition, target: `${scope.prefix}${jumpIf.target}`, maxJumps: jumpIf.maxJumps ?? DEFAULT_MAX_JUMPS };
  if (jump !== null) scope.registry.jumps.set(jump, [...path, "jumpIf", "target"]);
  return {
    kind: "standard",
    id: `${scope.prefix}${values.id}`,
    title: values.title,
    prompt,
    agentRole: values.agentRole ?? null,
    systemPrompt: values.systemPrompt ?? null,
    modelTier: values.modelTier ?? scope.modelTier,
    guidance: values.guidance ?? [],
    hints: hintsOf(values),
    runCondition: values.runCondition ?? null,
    confirmation: confirmationOf(values.requireConfirmation),
    contract,
    notesRequired: contract === null && values.notesOptional !== true,
    requires: Object.fromEntries((values.requires ?? []).map((item) => (typeof item === "string" ? [item, {}] : [item.key, item.schema]))),
    produces: values.produces ?? {},
    allowedTools: values.allowedTools ?? null,
    verification: verificationOf(values.verification),
    audits: null,
    closes: null,
    fragments: (values.promptFragments ?? []).map(({ id, when, text }) => ({ id, when: when ?? null, text })),
    definitions: definitionsOf(values, own, prompt, scope),
    criteria: criteriaOf(values.validationCriteria),
    assessments: (values.assessmentRefs ?? []),
    consequences: (values.assessmentConsequences ?? []).map(({ when, effect }) => ({ level: when.anyEqualsLevel, assessment: when.forAssessment ?? null, guidance: effect.guidance })),
    jump,
    origin: blocks === null ? { ...scope.origin, features: [] } : scope.origin,
  };
}

/** An author who asks for a verification without saying which gets the one whoever does the work can find out. */
const VERIFY_BY_YOURSELF = "Before you hand over, find out which tests, builds and checks of this workspace show whether the work is complete and right. Run them, mend what fails, and say in the notes what ran and what came of it.";

const verificationOf = (asked: StepValues["verification"]): StandardStep["verification"] => ({
  command: asked?.command ?? null,
  prompt: asked?.prompt ?? (asked === undefined || asked.command !== undefined || asked.cognitive === false ? null : VERIFY_BY_YOURSELF),
});

/** Jumps of a step that says no number. */
const DEFAULT_MAX_JUMPS = 3;

function definitionsOf(values: StepValues, own: readonly FunctionDefinition[], prompt: string, scope: Scope): readonly string[] {
  const text = [prompt, ...(values.guidance ?? []), ...(values.promptFragments ?? []).map((fragment) => fragment.text)].join("\n");
  return expandFunctions(extendFunctions(scope.functions, own), { references: values.functionReferences ?? [], calls: values.functionCalls ?? [], text, always: [...own, ...scope.functions.known.filter((each) => each.scope === "loop")] });
}

/** The step that judges another one's work: same tools, a gate verdict, and whatever was to come after the work. */
function auditOf(step: StandardStep, audit: NonNullable<StepValues["audit"]>): StandardStep {
  const rubric = (audit.rubric ?? []).map((line) => `- ${line}`).join("\n");
  const parts = [
    audit.prompt ?? "",
    `Judge the work of the step "${step.title}" as somebody who did not do it. Look at the work itself; what its author says of it is a claim.`,
    rubric === "" ? "" : `Rubric:\n${rubric}`,
    audit.delegate === undefined ? "" : delegateText(audit.delegate),
    "Answer with a gate verdict: approved only if every point holds; rejected with what has to change, in the rationale; uncertain if you could not find out.",
  ];
  return {
    ...step,
    id: `${step.id}.audit`,
    title: `Audit: ${step.title}`,
    prompt: parts.filter((part) => part !== "").join("\n\n"),
    agentRole: null,
    modelTier: audit.delegate?.modelTier ?? step.modelTier,
    guidance: [],
    hints: [],
    runCondition: null,
    contract: { ref: "wr.contracts.gate_verdict", required: true, requireFields: ["verdict", "rationale"] },
    notesRequired: false,
    requires: {},
    produces: {},
    verification: { command: null, prompt: null },
    audits: step.id,
    closes: null,
    fragments: [],
    definitions: [],
    criteria: null,
    assessments: [],
    consequences: [],
  };
}

function delegateText({ workflowId, goal, args }: DelegationText): string {
  const given = Object.entries(args ?? {}).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const how = [given.length === 0 ? "" : ` with ${given.join(", ")}`, goal === undefined ? "" : ` and the goal: ${goal}`].join("");
  return `Run the workflow \`${workflowId}\`${how} on that work, in a conversation of its own if you can start one, and otherwise go through its steps yourself. Judge by what it finds.`;
}

function hintsOf(values: StepValues): string[] {
  const hints: string[] = [];
  if (values.askForFiles === true) hints.push("Ask for the files you need before you start.");
  if (values.hasValidation === true) hints.push("What you hand over is validated; check it first.");
  return hints;
}

function promptIssues(values: StepValues, raw: object, path: Path): readonly Issue[] {
  const issues: Issue[] = [];
  const given = ["prompt", "promptBlocks", "templateCall"].filter((key) => Object.hasOwn(raw, key));
  if (given.length > 1) issues.push({ path: [...path, given[1] ?? ""], at: "key", message: `The step has ${given.join(" and ")}.`, fix: "Keep one of them." });
  if (values.promptBlocks !== undefined && promptOfBlocks(values.promptBlocks).trim() === "") {
    issues.push({ path: [...path, "promptBlocks"], message: "The prompt blocks say nothing.", fix: "Write at least a goal." });
  }
  return issues;
}

function conditionsOf(values: StepValues, path: Path): readonly Issue[] {
  const gate = confirmationOf(values.requireConfirmation);
  return [
    ...(values.runCondition === undefined ? [] : conditionIssues(values.runCondition, [...path, "runCondition"])),
    ...(gate === null || gate.condition === null ? [] : conditionIssues(gate.condition, [...path, "requireConfirmation"])),
    ...(values.jumpIf === undefined ? [] : conditionIssues(values.jumpIf.condition, [...path, "jumpIf", "condition"])),
    ...(values.promptFragments ?? []).flatMap((fragment, index) => (fragment.when === undefined ? [] : conditionIssues(fragment.when, [...path, "promptFragments", index, "when"]))),
  ];
}

export function contractIssues(contract: OutputContract | undefined, path: Path, scope: Scope): readonly Issue[] {
  if (contract === undefined) return [];
  const { contracts } = scope.registry;
  const schema = schemaOfContract(contract.contractRef, contracts);
  if (schema === null) {
    const known = [...Object.keys(contracts), ...Object.keys(BUILT_IN_CONTRACTS)];
    return [{ path: [...path, "contractRef"], message: `There is no contract "${contract.contractRef}".`, fix: `Declare it under \`contracts\`, or use one of: ${known.join(", ")}.${suggestion(contract.contractRef, known)}` }];
  }
  return (contract.requireFields ?? []).flatMap((field, index) => {
    const fields = namesInstead(schema, field);
    return fields === null ? [] : [{ path: [...path, "requireFields", index], message: `The contract ${contract.contractRef} has no field "${field}".`, fix: `Use one of: ${fields.join(", ")}.${suggestion(field, fields)}` }];
  });
}

export const contractOf = (contract: OutputContract | undefined, { prefix }: Pick<Scope, "prefix">): StandardStep["contract"] =>
  contract === undefined ? null : { ref: contract.contractRef, required: contract.required ?? true, requireFields: contract.requireFields ?? [], ...(contract.accountsFor === undefined ? {} : { accountsFor: `${prefix}${contract.accountsFor}` }) };

export function confirmationOf(value: Confirmation | undefined): StandardStep["confirmation"] {
  if (value === undefined || value === false) return null;
  if (value === true) return { gate: "any", condition: null };
  if ("kind" in value) return { gate: value.kind, condition: value.condition ?? null };
  return { gate: "any", condition: value };
}

function criteriaOf(value: StepValues["validationCriteria"]): Criteria | null {
  if (value === undefined) return null;
  if (!isList(value)) return value;
  const [only, ...more] = value;
  return only === undefined ? null : more.length === 0 ? only : { and: value };
}
const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value);

/** Both conditions must hold. */
export const both = (outer: Condition | null, inner: Condition | null): Condition | null => (outer === null ? inner : inner === null || canonicalJson(outer) === canonicalJson(inner) ? outer : { and: [outer, inner] });
