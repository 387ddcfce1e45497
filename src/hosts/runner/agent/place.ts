/** Where the agent works on this machine: sandbox, workspace and workflow library. Loaded when the run is admitted and its journal can be saved. */
import { join } from "node:path";
import { loadLibrary } from "../../../coordinator/index.ts";
import type { FileSystem, Processes } from "../../../shared/ports.ts";
import type { HostPattern } from "../../../shared/host-pattern.ts";
import { openSandbox, openSlicePlace, openWorkspace, type SandboxOptions } from "../../../workspace/index.ts";
import type { JobSettings } from "../settings.ts";
import type { Place } from "./ports.ts";

export interface MachineOptions {
  readonly fs: FileSystem;
  readonly processes: Processes;
  /** The built action: beside `main.js` it holds the workflow library and the sandbox's helper. */
  readonly distDirectory: string;
  readonly nodePath: string;
}

export function machinePlace({ fs, processes, distDirectory, nodePath }: MachineOptions): Place {
  const sandboxOptions = (settings: JobSettings, allow: readonly HostPattern[]): Omit<SandboxOptions, "workspaceDir"> => ({
    mode: settings.sandbox,
    processes,
    nodePath,
    helperPath: join(distDirectory, "helper.js"),
    path: settings.path,
    readOnlyPaths: settings.toolCache === null || fs.list(settings.toolCache).length === 0 ? [] : [settings.toolCache],
    privatePaths: [settings.runnerTemp],
    network: { allow },
  });
  return {
    openSandbox: (settings, allow) => openSandbox({ workspaceDir: settings.workspace, ...sandboxOptions(settings, allow) }),
    openSlice: (settings, allow, { workspace, ...slice }) => openSlicePlace(workspace, sandboxOptions(settings, allow), slice),
    openWorkspace: (settings, { base, sandbox }) =>
      openWorkspace({ directory: settings.workspace, privateDirectory: join(settings.runnerTemp, "worktrain", "git"), base, sandbox, processes }),
    loadLibrary: (baseFiles) => loadLibrary(fs, join(distDirectory, "workflows"), baseFiles),
  };
}
