import type { z } from "zod";
import { findWorkflow, inspectionText, inspectWorkflow, type WorkflowName } from "../../library/index.ts";
import type { Refusal } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { placesOf } from "./places.ts";
import type { inspectInput, ToolAnswer } from "./shapes.ts";
import type { McpWorld } from "./world.ts";

export async function inspect(world: McpWorld, input: z.infer<typeof inspectInput>): Promise<ToolAnswer> {
  const name = workflowName(input);
  const found = name.ok ? findWorkflow(placesOf(world, input.workspacePath), name.value) : name;
  if (!found.ok) return { text: `${found.error.message} ${found.error.fix}`, data: { workflow: null, blockers: [{ code: found.error.kind, message: found.error.message, fix: found.error.fix }] }, isError: true };
  const inspection = inspectWorkflow(found.value, found.value.source);
  return { text: `${inspectionText(inspection)}\n\n\`\`\`mermaid\n${inspection.mermaid}\`\`\``, data: { workflow: inspection }, isError: false };
}

/** The workflow a call names: by id or by path, one of them. */
export function workflowName({ workflowId, workflowPath }: { readonly workflowId?: string | undefined; readonly workflowPath?: string | undefined }): Result<WorkflowName, Refusal<"malformed-input">> {
  if (workflowId !== undefined && workflowPath === undefined) return ok({ id: workflowId });
  if (workflowPath !== undefined && workflowId === undefined) return ok({ path: workflowPath });
  return err({ kind: "malformed-input", message: "Either workflowId or workflowPath must be given.", fix: "Send one of them." });
}
