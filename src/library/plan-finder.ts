import { err, ok, type Result } from "../shared/result.ts";
import type { Plan } from "../workflow/index.ts";
import { findWorkflow, type WorkflowRefusal } from "./library.ts";

/** Finds plans by workflow id for children: in the library as seen from their workspace, then in their parent's own folder. */
export function planFinder(packageRoot: string, extra: readonly string[]) {
  return (workflowId: string, { workspacePath, workflowFolder }: { readonly workspacePath: string | null; readonly workflowFolder: string | null }): Result<Plan, WorkflowRefusal> => {
    const folders = workflowFolder === null ? extra : [...extra, workflowFolder];
    const found = findWorkflow({ packageRoot, workspace: workspacePath, extra: folders }, { id: workflowId });
    return found.ok ? ok(found.value.plan) : err(found.error);
  };
}
