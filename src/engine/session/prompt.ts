import type { Autonomy, StepOutput } from "../../record/index.ts";
import { fence, type Plan } from "../../workflow/index.ts";
import type { RenderedStep } from "./rendered-step.ts";
import { attemptLimit, type SessionNode } from "./state.ts";

export interface PromptParts {
  readonly plan: Plan;
  readonly node: SessionNode;
  readonly autonomy: Autonomy;
  readonly rendered: RenderedStep;
  readonly introduce: boolean;
  /** The verification command as it will be run; null when there is none. */
  readonly command: string | null;
}

/** The prompt of a step as Markdown; roles, system prompts and what must be handed over stand beside it in the offer. */
export function promptOf(parts: PromptParts): string {
  const { plan, node, rendered } = parts;
  const sections = [parts.introduce ? introduction(plan) : "", rendered.prompt.trimEnd(), section("Guidance", bullets(rendered.guidance)), verification(parts), earlierAttempt(node, parts.autonomy)];
  return sections.filter((text) => text !== "").join("\n\n");
}

const bullets = (items: readonly string[]): string => items.map((item) => `- ${item.replaceAll("\n", "\n  ")}`).join("\n");
const section = (title: string, body: string): string => (body === "" ? "" : `## ${title}\n${body}`);

function introduction(plan: Plan): string {
  const references = plan.references.map((reference) => `${reference.title} (${reference.source})${reference.authoritative ? ", to be followed strictly" : ""}: ${reference.purpose}`);
  return [
    section("Holds for the whole session", bullets(plan.metaGuidance)),
    section("Must be true before you start", bullets(plan.preconditions)),
    section("Settle these questions first", bullets(plan.clarificationPrompts)),
    section("Documents to read where they matter", bullets(references)),
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

function verification(parts: PromptParts): string {
  const { rendered, command } = parts;
  const lines = [rendered.verificationPrompt ?? "", command === null ? "" : `When you hand over, this command is run and must exit with 0:\n${fence(command, "sh")}`];
  return section("Verification", lines.filter((line) => line !== "").join("\n\n"));
}

function earlierAttempt(node: SessionNode, autonomy: Autonomy): string {
  if (node.attempts === 0) return "";
  const limit = attemptLimit(autonomy);
  const lines = [
    `Attempt ${node.attempts} of ${limit} was not accepted:`,
    bullets(node.blockers.map((blocker) => `${blocker.message}\nTo mend it: ${blocker.fix}`)),
    node.output === null ? "" : kept(node.output),
  ];
  return section("Your last attempt", lines.filter((line) => line !== "").join("\n"));
}

function kept(output: StepOutput): string {
  const parts: string[] = [];
  if (output.notes.trim() !== "") parts.push(`Notes:\n${fence(output.notes)}`);
  for (const artifact of output.artifacts) parts.push(`Artifact \`${artifact.contractRef}\`:\n${fence(JSON.stringify(artifact.value), "json")}`);
  if (Object.keys(output.context).length > 0) parts.push(`Context:\n${fence(JSON.stringify(output.context), "json")}`);
  return parts.length === 0 ? "" : `\nWhat you sent is kept. Send only what is missing or must change; an artifact is replaced as a whole.\n\n${parts.join("\n\n")}`;
}
