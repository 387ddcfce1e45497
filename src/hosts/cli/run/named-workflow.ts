/** The one workflow that `worktrain run --workflow` names, and what it may use when it is a file of its own. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { CoordinatorDeps } from "../../../coordinator/index.ts";
import { findWorkflow, planFinder } from "../../../library/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { ok } from "../../../shared/result.ts";
import type { SavedRun } from "./local-item.ts";

/** @param said a path when it looks like one or is there, else an id. @throws TerminalError when there is no such workflow, or it has faults */
export function namedWorkflow(said: string, packageRoot: string, workspace: string): NonNullable<SavedRun["workflow"]> {
  const isPath = /[/\\]|\.(?:ya?ml|json)$/i.test(said) || existsSync(said);
  const found = findWorkflow({ packageRoot, workspace, extra: [] }, isPath ? { path: said } : { id: said });
  if (!found.ok) throw new TerminalError(found.error.message, found.error.fix);
  return { id: found.value.plan.id, file: isPath ? resolve(said) : null };
}

type FindPlan = CoordinatorDeps["findPlan"];

/** The workflow of a file, then the library, then the other files of its folder. A session that has started stays on the plan it has. */
export function besideFile(file: string, packageRoot: string, library: FindPlan): FindPlan {
  const own = findWorkflow({ packageRoot, workspace: null, extra: [] }, { path: file });
  const folder = planFinder(packageRoot, []);
  return (workflowId) => {
    if (own.ok && own.value.plan.id === workflowId) return ok(own.value.plan);
    const known = library(workflowId);
    return known.ok ? known : folder(workflowId, { workspacePath: null, workflowFolder: dirname(file) });
  };
}
