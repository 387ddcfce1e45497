import type { Autonomy, RiskPolicy, StepOutput } from "../../record/index.ts";
import { fence, type Plan, type StandardStep } from "../../workflow/index.ts";
import { accountText } from "./accounting.ts";
import { messagesOf } from "./criteria.ts";
import { SOURCE_MISSED } from "./gather.ts";
import { metricsText } from "./metrics.ts";
import { placeOf } from "./outline.ts";
import { type RenderedStep, valuesAt } from "./rendered-step.ts";
import { attemptLimit, type SessionNode, type SessionStart } from "./state.ts";

export interface PromptParts {
  readonly plan: Plan;
  readonly step: StandardStep;
  readonly node: SessionNode;
  readonly start: SessionStart;
  readonly autonomy: Autonomy;
  readonly riskPolicy: RiskPolicy | null;
  readonly rendered: RenderedStep;
  readonly introduce: boolean;
  /** The verification command as it will be run; null when there is none. */
  readonly command: string | null;
}

/** The prompt of a step as Markdown; roles, system prompts and what must be handed over stand beside it in the offer. */
export function promptOf(parts: PromptParts): string {
  const { plan, step, node, rendered } = parts;
  const sections = [
    parts.introduce ? introduction(plan, parts.riskPolicy) : "",
    turn(plan, node),
    rendered.prompt.trimEnd(),
    section("Where it was looked for", bullets(node.gaps.filter((gap) => gap.code === SOURCE_MISSED).map((gap) => gap.message))),
    section("Guidance", bullets(rendered.guidance)),
    section("Definitions", bullets(step.definitions)),
    section("What the delegated work came to", children(node)),
    section("Findings of the reviewers to answer for", accountText(step.contract, node)),
    audited(step, node),
    section("Your notes must satisfy", bullets(step.criteria === null ? [] : messagesOf(step.criteria, valuesAt(parts.start, node)))),
    section("Assess", bullets(assessments(plan, step))),
    verification(parts),
    section("Report", metricsText(plan, step)),
    earlierAttempt(node, parts.autonomy),
  ];
  return sections.filter((text) => text !== "").join("\n\n");
}

const bullets = (items: readonly string[]): string => items.map((item) => `- ${item.replaceAll("\n", "\n  ")}`).join("\n");
const section = (title: string, body: string): string => (body === "" ? "" : `## ${title}\n${body}`);

const RISK_TEXT: Readonly<Record<RiskPolicy, string>> = {
  conservative: "Risk policy conservative: prefer the smaller, reversible change, and stop to ask where a choice could do harm.",
  balanced: "Risk policy balanced: take ordinary risks where tests would show a mistake, and name those you took.",
  aggressive: "Risk policy aggressive: prefer progress, take the bolder change where it is better, and name the risks you took.",
};

function introduction(plan: Plan, riskPolicy: RiskPolicy | null): string {
  const risk = riskPolicy ?? plan.recommendedRiskPolicy;
  const references = plan.references.map((reference) => `${reference.title} (${reference.source}${reference.resolveFrom === "package" ? ", beside the workflow's file" : ""})${reference.authoritative ? ", to be followed strictly" : ""}: ${reference.purpose}`);
  return [
    `# ${plan.name}\n${plan.description}`,
    plan.about === null ? "" : plan.about.trimEnd(),
    section("Holds for the whole session", bullets([...plan.metaGuidance, ...(risk === null ? [] : [RISK_TEXT[risk]])])),
    section("Must be true before you start", bullets(plan.preconditions)),
    section("Settle these questions first", bullets(plan.clarificationPrompts)),
    section("Documents to read where they matter", bullets(references)),
    section("Parts bound in this repository", bullets(plan.extensionPoints.map((point) => `${point.slotId}: ${point.boundTo}. ${point.purpose}`))),
    section("Definitions for the whole session", bullets(plan.definitions)),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

/** Which turn of which loop it is, and the item it is about. */
function turn(plan: Plan, node: SessionNode): string {
  const around = placeOf(plan, node.stepId)?.loops ?? [];
  return node.loops
    .flatMap(({ loopId, iteration, items }) => {
      const loop = around.find((step) => step.id === loopId);
      if (loop === undefined) return [];
      const item = items?.[iteration - 1];
      const shown = item === undefined ? "" : typeof item === "string" && !item.includes("\n") ? ` The item: ${item}` : `\n${fence(JSON.stringify(item, null, 2), "json")}`;
      return [`Loop "${loop.title}": ${items === undefined ? `iteration ${iteration}` : `item ${iteration} of ${items.length}`}.${shown}`];
    })
    .join("\n");
}

const children = (node: SessionNode): string =>
  (node.children ?? [])
    .map((child) => [`### ${child.childId}: ${child.outcome}`, child.summary.trim() === "" ? "" : fence(child.summary), ...child.artifacts.map((artifact) => childArtifact(artifact, child.sessionId))].filter((text) => text !== "").join("\n"))
    .join("\n\n");

/** Characters of a child's artifact in the prompt; the whole of it stays in the record. */
const CHILD_ARTIFACT_CHARS = 16_000;

function childArtifact({ contractRef, value }: StepOutput["artifacts"][number], sessionId: string | null): string {
  const text = JSON.stringify(value);
  if (text.length <= CHILD_ARTIFACT_CHARS) return `Artifact \`${contractRef}\`:\n${fence(text, "json")}`;
  return `Artifact \`${contractRef}\`, the first ${CHILD_ARTIFACT_CHARS} of its ${text.length} characters; the whole of it is in the record of the session ${sessionId ?? ""}:\n${fence(text.slice(0, CHILD_ARTIFACT_CHARS).toWellFormed())}`;
}

function audited(step: StandardStep, node: SessionNode): string {
  const output = step.audits === null ? null : (node.parent?.output ?? null);
  return output === null ? "" : section("What was handed over", outputText(output));
}

function assessments(plan: Plan, step: StandardStep): readonly string[] {
  return step.assessments.flatMap((ref) =>
    plan.assessments
      .filter((each) => each.id === ref)
      .map((each) => {
        const dimensions = each.dimensions.map((dimension) => `${dimension.id} (${dimension.levels.join(" | ")}${dimension.required ? "" : ", optional"}): ${dimension.purpose}`);
        const consequences = step.consequences.filter((consequence) => consequence.assessment === null || consequence.assessment === ref).map((consequence) => `Any dimension at "${consequence.level}" keeps the step open: ${consequence.guidance}`);
        return [`${each.id}: ${each.purpose}`, ...dimensions, ...consequences].join("\n");
      }),
  );
}

function verification(parts: PromptParts): string {
  const { rendered, command } = parts;
  const lines = [rendered.verificationPrompt ?? "", command === null ? "" : `When you hand over, this command is run and must exit with 0:\n${fence(command, "sh")}`];
  return section("Verification", lines.filter((line) => line !== "").join("\n\n"));
}

function earlierAttempt(node: SessionNode, autonomy: Autonomy): string {
  const list = bullets(node.blockers.map((blocker) => `${blocker.message}\nTo mend it: ${blocker.fix}`));
  if (node.attempts === 0) return section("What keeps it from going on", list);
  const limit = attemptLimit(autonomy);
  const lines = [`Attempt ${node.attempts} of ${limit} was not accepted:`, list, node.output === null ? "" : kept(node.output)];
  return section("Your last attempt", lines.filter((line) => line !== "").join("\n"));
}

function kept(output: StepOutput): string {
  const text = outputText(output);
  return text === "" ? "" : `\nWhat you sent is kept. Send only what is missing or must change; an artifact is replaced as a whole.\n\n${text}`;
}

function outputText(output: StepOutput): string {
  const parts: string[] = [];
  if (output.notes.trim() !== "") parts.push(`Notes:\n${fence(output.notes)}`);
  for (const artifact of output.artifacts) parts.push(`Artifact \`${artifact.contractRef}\`:\n${fence(JSON.stringify(artifact.value), "json")}`);
  if (Object.keys(output.context).length > 0) parts.push(`Context:\n${fence(JSON.stringify(output.context), "json")}`);
  return parts.join("\n\n");
}
