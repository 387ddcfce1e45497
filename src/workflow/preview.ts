/** The compiled workflow as a graph, for people who want to see what will run before it does. Pure. */
import type { Condition } from "./condition.ts";
import type { LoopStep, Plan, PlanStep, StandardStep } from "./plan.ts";

export interface PreviewNode {
  readonly id: string;
  readonly kind: "start" | "end" | "step" | "audit" | "loop" | "parallel" | "gather" | "gate";
  readonly title: string;
  /** The loop whose body it stands in. */
  readonly inLoop: string | null;
  readonly runCondition: string | null;
  readonly contract: string | null;
  readonly verification: string | null;
  /** The only tools that its agent may use, a call's narrowed by its caller; null is all. */
  readonly tools: readonly string[] | null;
  /** Workflows a parallel step starts. */
  readonly children: readonly string[];
  readonly routine: string | null;
  readonly features: readonly string[];
}
export interface PreviewEdge {
  readonly from: string;
  readonly to: string;
  /** Why this way is taken; null for the ordinary next step. */
  readonly label: string | null;
}
/** What routines, features and `audit` put into the plan beside what stands in the file. */
export interface Injected {
  readonly stepId: string;
  readonly by: string;
}
export interface Preview {
  readonly nodes: readonly PreviewNode[];
  readonly edges: readonly PreviewEdge[];
  readonly injected: readonly Injected[];
}

/** The graph of a plan. A gate stands behind the step it belongs to; an edge with a label is taken only then. */
export function previewPlan(plan: Plan): Preview {
  const taken = new Set(stepsOf(plan.steps).map((step) => step.id));
  const [start, end] = [freeId("start", taken), freeId("end", taken)];
  const nodes: PreviewNode[] = [plain(start, "start", plan.name)];
  const edges: PreviewEdge[] = [];
  const injected: Injected[] = [];
  const ends = listGraph(plan.steps, null, [{ from: start, label: null }], { end, nodes, edges, injected, work: [] });
  nodes.push(plain(end, "end", "End"));
  for (const { from, label } of ends) edges.push({ from, to: end, label });
  for (const step of stepsOf(plan.steps)) {
    if (step.kind === "standard" && step.jump !== null) edges.push({ from: exitOf(step), to: step.jump.target, label: `jump if ${conditionText(step.jump.condition)}, at most ${step.jump.maxJumps} times` });
  }
  return { nodes, edges, injected };
}

/** An id of the graph's own that no step has. */
const freeId = (id: string, taken: ReadonlySet<string>): string => (taken.has(id) ? freeId(`${id}-of-workflow`, taken) : id);

interface Exit {
  readonly from: string;
  readonly label: string | null;
}
interface Graph {
  /** Id of the node where the workflow ends. */
  readonly end: string;
  readonly nodes: PreviewNode[];
  readonly edges: PreviewEdge[];
  readonly injected: Injected[];
  /** What a judgement may send back, in the order it runs. */
  readonly work: { readonly id: string; readonly inLoop: string | null; readonly mayBePassedOver: boolean }[];
}

const plain = (id: string, kind: PreviewNode["kind"], title: string): PreviewNode => ({ id, kind, title, inLoop: null, runCondition: null, contract: null, verification: null, tools: null, children: [], routine: null, features: [] });
const stepsOf = (steps: readonly PlanStep[]): readonly PlanStep[] => steps.flatMap((step) => [step, ...(step.kind === "loop" ? stepsOf(step.body) : [])]);
const gateId = (step: PlanStep): string => `${step.id}.gate`;
const hasGate = (step: PlanStep): boolean => (step.kind === "standard" || step.kind === "parallel") && step.confirmation !== null;
const exitOf = (step: PlanStep): string => (hasGate(step) ? gateId(step) : step.id);

/** Adds a list of steps; returns where it is left. */
function listGraph(steps: readonly PlanStep[], inLoop: string | null, entries: readonly Exit[], graph: Graph): readonly Exit[] {
  let exits = entries;
  for (const step of steps) {
    const runCondition = step.runCondition === null ? null : conditionText(step.runCondition);
    graph.nodes.push(nodeOf(step, inLoop, runCondition));
    noteInjected(step, graph.injected);
    for (const { from, label } of exits) graph.edges.push({ from, to: step.id, label: joined(label, runCondition === null ? null : `if ${runCondition}`) });
    const skipped: readonly Exit[] = runCondition === null ? [] : exits.map(({ from, label }) => ({ from, label: joined(label, `unless ${runCondition}`) }));
    if (isWork(step)) graph.work.push({ id: step.id, inLoop, mayBePassedOver: runCondition !== null });
    exits = [...leave(step, inLoop, graph), ...skipped];
  }
  return exits;
}

const joined = (...labels: readonly (string | null)[]): string | null => labels.filter((each) => each !== null).join(", ") || null;
/** Somebody does something here that can be done again. */
const isWork = (step: PlanStep): boolean => (step.kind === "standard" ? step.audits === null : step.kind === "parallel" && (step.synthesis !== null || step.notesRequired));

function leave(step: PlanStep, inLoop: string | null, graph: Graph): readonly Exit[] {
  if (step.kind === "loop") {
    const ends = listGraph(step.body, step.id, [{ from: step.id, label: "next iteration" }], graph);
    for (const { from, label } of ends) graph.edges.push({ from, to: step.id, label: label ?? "again?" });
    return [{ from: step.id, label: "done" }];
  }
  const judges = step.kind === "confirm" || (step.kind === "standard" && step.audits !== null);
  if (judges) sendBack(step.id, inLoop, graph);
  if (!hasGate(step) || (step.kind !== "standard" && step.kind !== "parallel")) return [{ from: step.id, label: judges ? "approved" : null }];
  graph.nodes.push({ ...plain(gateId(step), "gate", gateTitle(step.confirmation)), inLoop });
  graph.edges.push({ from: step.id, to: gateId(step), label: judges ? "approved" : null });
  if (isWork(step)) graph.edges.push({ from: gateId(step), to: step.id, label: "rejected" });
  else sendBack(gateId(step), inLoop, graph);
  return [{ from: gateId(step), label: "approved" }];
}

/** A rejection goes to the nearest work before the judgement that was done; where there may be none it ends the session. */
function sendBack(from: string, inLoop: string | null, { end, work, edges }: Graph): void {
  for (const { id, inLoop: around, mayBePassedOver } of work.toReversed()) {
    edges.push({ from, to: id, label: "rejected" });
    if (!mayBePassedOver && (around === null || around === inLoop)) return;
  }
  edges.push({ from, to: end, label: "rejected, with nothing to mend" });
}

function gateTitle(confirmation: StandardStep["confirmation"]): string {
  const who = confirmation?.gate === "human_approval" ? "A person approves" : confirmation?.gate === "coordinator_eval" ? "The coordinator approves" : "A person or the coordinator approves";
  return confirmation === null || confirmation.condition === null ? who : `${who} if ${conditionText(confirmation.condition)}`;
}

function nodeOf(step: PlanStep, inLoop: string | null, runCondition: string | null): PreviewNode {
  const base = { ...plain(step.id, "step", step.title), inLoop, runCondition, routine: step.origin.routine, features: step.origin.features };
  switch (step.kind) {
    case "standard":
      return { ...base, kind: step.audits === null ? "step" : "audit", contract: step.contract?.ref ?? null, verification: step.verification.command, tools: step.allowedTools };
    case "loop":
      return { ...base, kind: "loop", title: `${step.title} (${loopText(step)})` };
    case "parallel":
      return { ...base, kind: "parallel", contract: step.synthesis?.contract?.ref ?? null, tools: step.allowedTools, children: step.delegations.map((delegation) => delegation.workflowId) };
    case "gather":
      return { ...base, kind: "gather" };
    case "confirm":
      return { ...base, kind: "gate", title: gateTitle(step.confirmation) };
  }
}

function loopText({ loop }: LoopStep): string {
  const limit = `at most ${loop.maxIterations} times`;
  switch (loop.type) {
    case "for":
      return `${loop.count} times, ${limit}`;
    case "forEach":
      return `for each of ${loop.items}, ${limit}`;
    case "while":
    case "until":
      return loop.decidedBy === "artifact" || loop.condition === null ? `until loop control says stop, ${limit}` : `${loop.type} ${conditionText(loop.condition)}, ${limit}`;
  }
}

function noteInjected(step: PlanStep, injected: Injected[]): void {
  if (step.origin.routine !== null) injected.push({ stepId: step.id, by: `routine ${step.origin.routine}` });
  for (const feature of step.origin.features) injected.push({ stepId: step.id, by: feature });
  if (step.kind === "standard" && step.audits !== null) injected.push({ stepId: step.id, by: `audit of ${step.audits}` });
}

const SIGNS: Readonly<Record<string, string>> = { equals: "=", not_equals: "!=", gt: ">", gte: ">=", lt: "<", lte: "<=" };

/** A condition on one line. */
function conditionText(condition: Condition): string {
  if (condition.var !== undefined) {
    const tests = Object.entries(condition).flatMap(([key, value]) => (key === "var" || value === undefined ? [] : [`${condition.var} ${SIGNS[key] ?? key} ${JSON.stringify(value)}`]));
    return tests.length === 0 ? condition.var : tests.join(" and ");
  }
  if (condition.and !== undefined) return condition.and.map((part) => `(${conditionText(part)})`).join(" and ");
  if (condition.or !== undefined) return condition.or.map((part) => `(${conditionText(part)})`).join(" or ");
  return condition.not === undefined ? "always" : `not (${conditionText(condition.not)})`;
}

/** What the node's agent may use, in words; nothing where it may use all. */
export const toolsText = ({ tools }: Pick<PreviewNode, "tools">): string => (tools === null ? "" : tools.length === 0 ? "no tool" : `only ${tools.join(", ")}`);

const SHAPES: Readonly<Record<PreviewNode["kind"], readonly [string, string]>> = {
  start: ["([", "])"],
  end: ["([", "])"],
  step: ["[", "]"],
  audit: ["[/", "/]"],
  loop: ["{{", "}}"],
  parallel: ["[[", "]]"],
  gather: ["[(", ")]"],
  gate: ["{", "}"],
};

/** The graph as a Mermaid flow chart. Text of authors is escaped: it can close no label and start no directive. */
export function toMermaid({ nodes, edges, injected }: Preview): string {
  const ids = new Map(nodes.map((node, index) => [node.id, `n${index}`]));
  const lines = ["flowchart TD"];
  for (const node of nodes) {
    const by = injected.filter((each) => each.stepId === node.id).map((each) => each.by);
    const extra = [node.contract === null ? "" : `contract ${node.contract}`, node.verification === null ? "" : `verified by ${node.verification}`, toolsText(node), ...node.children.map((child) => `child ${child}`), ...by.map((each) => `from ${each}`)].filter((text) => text !== "");
    const [open, close] = SHAPES[node.kind];
    lines.push(`  ${ids.get(node.id)}${open}"${[node.title, ...extra].map(mermaidLabel).join("<br/>")}"${close}`);
  }
  for (const { from, to, label: text } of edges) {
    const [source, target] = [ids.get(from), ids.get(to)];
    if (source !== undefined && target !== undefined) lines.push(`  ${source} -->${text === null ? "" : `|"${mermaidLabel(text)}"|`} ${target}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Text within the quotes of a Mermaid label: it can close none, and is neither markup nor Markdown there. */
export const mermaidLabel = (text: string): string => text.replaceAll(/[^\p{L}\p{N} .,:;!?()'=+*/_-]/gu, (sign) => (/\s/.test(sign) ? " " : `#${sign.codePointAt(0)};`));
