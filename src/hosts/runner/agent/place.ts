/** Where the agent works on this machine: sandbox, workspace and workflow library. Loaded when the run is admitted and its journal can be saved. */
import { join } from "node:path";
import { loadLibrary } from "../../../coordinator/index.ts";
import type { FileSystem, Processes } from "../../../shared/ports.ts";
import { openSandbox, openWorkspace } from "../../../workspace/index.ts";
import type { Place } from "./ports.ts";

export interface MachineOptions {
  readonly fs: FileSystem;
  readonly processes: Processes;
  /** The built action: beside `main.js` it holds the workflow library and the sandbox's helper. */
  readonly distDirectory: string;
  readonly nodePath: string;
}

export const machinePlace = ({ fs, processes, distDirectory, nodePath }: MachineOptions): Place => ({
  openSandbox: (settings, allow) =>
    openSandbox({
      workspaceDir: settings.workspace,
      mode: settings.sandbox,
      processes,
      nodePath,
      helperPath: join(distDirectory, "helper.js"),
      path: settings.path,
      readOnlyPaths: settings.toolCache === null || fs.list(settings.toolCache).length === 0 ? [] : [settings.toolCache],
      privatePaths: [settings.runnerTemp],
      network: { allow },
    }),
  openWorkspace: (settings, { base, sandbox }) =>
    openWorkspace({ directory: settings.workspace, privateDirectory: join(settings.runnerTemp, "worktrain", "git"), base, sandbox, processes }),
  loadLibrary: (baseFiles) => loadLibrary(fs, join(distDirectory, "workflows"), baseFiles),
});
