/** What an agent reads of one step: its task, what it must hand over, what blocked it, and the word when it stops too early. */
import type { StepOffer } from "../../engine/session/index.ts";
import type { Blocker } from "../../record/index.ts";
import { fence } from "../../workflow/index.ts";
import { RECORD_TOOLS } from "../tool-bounds.ts";
import { textOf, type Layer } from "./layer.ts";

/** The layers of a step: its author's system prompt and role, then the task. */
export function stepLayers(offer: StepOffer, workflow: string): readonly Layer[] {
  const source = `${workflow}, step ${offer.stepId}`;
  const author = [offer.systemPrompt, offer.agentRole === null ? null : `Your role in this step: ${offer.agentRole}`].filter((text) => text !== null);
  return [
    ...(author.length === 0 ? [] : [{ name: "step" as const, source, text: author.join("\n\n"), trusted: true }]),
    { name: "task", source, text: taskText(offer), trusted: true },
  ];
}

/** What the agent reads when a step is offered in a conversation that is under way. */
export const stepMessage = (offer: StepOffer): string => textOf(stepLayers(offer, ""));

/** Values from outside stand in the prompt in fences of their own (workflow/template.ts, I8). */
function taskText(offer: StepOffer): string {
  const parts = [`# Step: ${offer.title} (${offer.stepId})`, offer.prompt, handover(offer)];
  if (offer.allowedTools !== null) parts.push(`Tools allowed in this step: ${[...offer.allowedTools, "complete_step"].join(", ")}; and those that only speak to the record: ${RECORD_TOOLS.filter((tool) => tool !== "complete_step").join(", ")}.`);
  return parts.join("\n\n");
}

/** What the agent reads when its submission did not complete the step. A blocker may hold a command's output, so it stands in a fence (I8). */
export function blockedMessage(blockers: readonly Blocker[], attemptsLeft: number): string {
  const list = blockers.map((blocker) => (/[\n\r\u2028\u2029]/.test(blocker.message) ? `- ${blocker.fix}\n${fence(blocker.message)}` : `- ${blocker.message} ${blocker.fix}`)).join("\n");
  const left = attemptsLeft === 1 ? "One attempt is left" : `${attemptsLeft} attempts are left`;
  return `The step is not done:\n${list}\n\nWhat you sent is kept: send what is missing or changed. ${left}.`;
}

export const reminder = (offer: StepOffer | null): string =>
  offer === null
    ? "Call complete_step to finish, or the session ends as not completed."
    : `The step "${offer.title}" is not completed: nothing was submitted. Go on working, or call complete_step with its result. If you end your turn again without it, the session ends as not completed.`;

function handover(offer: StepOffer): string {
  const lines = offer.requires.map((requirement) => {
    switch (requirement.kind) {
      case "notes":
        return "- notes: what you did and saw in this step, for the people who read the record.";
      case "artifact":
        return `- ${requirement.required ? "an" : "optionally an"} artifact with contractRef "${requirement.ref}" whose value matches this JSON Schema:\n${JSON.stringify(requirement.schema)}`;
      case "assessment":
        return `- an artifact with contractRef "wr.contracts.assessment" whose value matches this JSON Schema:\n${JSON.stringify(requirement.schema)}`;
      case "context":
        return `- context.${requirement.key}, matching this JSON Schema: ${JSON.stringify(requirement.schema)}`;
    }
  });
  if (lines.length === 0) return "Call complete_step when the step is done.";
  return `When the step is done call complete_step with:\n${lines.join("\n")}`;
}
