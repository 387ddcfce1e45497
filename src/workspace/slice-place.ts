/** A slice's own place: its working tree, and a sandbox in which nothing but that is to be seen. */
import { TerminalError } from "../shared/errors.ts";
import { openSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
import type { Workspace } from "./workspace-interface.ts";

export interface SlicePlace {
  readonly workspace: Workspace;
  readonly sandbox: Sandbox;
  /** Ends what runs in it and removes it. */
  close(): Promise<void>;
}

/**
 * @param options those of the workspace's own sandbox
 * @param slice `beside`: places at work at the same time
 * @throws TerminalError when there can be none
 */
export async function openSlicePlace(workspace: Workspace, options: Omit<SandboxOptions, "workspaceDir" | "linked" | "beside">, slice: { readonly id: string; readonly beside: number }): Promise<SlicePlace> {
  if (workspace.slices === undefined) throw new TerminalError("The files lie in no git repository that working trees can be made of.", "Set pipeline.slices to never in .github/worktrain.yml, then run again.");
  const tree = await workspace.slices.open(slice.id);
  const sandbox = await openSandbox({ ...options, workspaceDir: tree.directory, linked: tree.linked, beside: slice.beside });
  if (!sandbox.ok) {
    await tree.close();
    throw new TerminalError(sandbox.error.message, sandbox.error.fix);
  }
  return {
    workspace: tree,
    sandbox: sandbox.value,
    close: async () => {
      await sandbox.value.close();
      await tree.close();
    },
  };
}
