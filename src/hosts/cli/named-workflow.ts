import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { findWorkflow, type FoundWorkflow } from "../../library/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import type { Call, CliWorld } from "./command.ts";

/** The workflow that the first operand names: a path when it looks like one or is there, else an id; `folder` is that of a path. @throws TerminalError when there is none */
export function findNamedWorkflow(call: Call, { packageRoot }: CliWorld, workspace: string): FoundWorkflow & { readonly folder: string | null } {
  const [name] = call.positionals;
  if (name === undefined) throw new TerminalError("No workflow was named.", "Give its id or the path of its file; `worktrain workflows` lists them.");
  const isPath = /[/\\]|\.(?:ya?ml|json)$/i.test(name) || existsSync(name);
  const found = findWorkflow({ packageRoot, workspace, extra: call.texts("source") }, isPath ? { path: name } : { id: name });
  if (!found.ok) throw new TerminalError(found.error.message, found.error.fix);
  return { ...found.value, folder: isPath ? dirname(found.value.file) : null };
}
