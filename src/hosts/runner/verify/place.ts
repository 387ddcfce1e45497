/** Where the change is tested on this machine. */
import { join } from "node:path";
import { allowedHosts } from "../../../config/index.ts";
import type { FileSystem, Processes } from "../../../shared/ports.ts";
import { openSandbox, openWorkspace } from "../../../workspace/index.ts";
import type { VerifyPorts, VerifySettings } from "./settings.ts";

export interface VerifyMachine {
  readonly fs: FileSystem;
  readonly processes: Processes;
  /** The built action: beside `main.js` it holds the sandbox's helper. */
  readonly distDirectory: string;
  readonly nodePath: string;
}

export const verifyPlace = ({ workspace, runnerTemp, toolCache, path, sandbox: mode }: VerifySettings, { fs, processes, distDirectory, nodePath }: VerifyMachine): Pick<VerifyPorts, "openSandbox" | "openWorkspace"> => ({
  openSandbox: (config) =>
    openSandbox({
      workspaceDir: workspace,
      mode,
      processes,
      nodePath,
      helperPath: join(distDirectory, "helper.js"),
      path,
      readOnlyPaths: toolCache === null || fs.list(toolCache).length === 0 ? [] : [toolCache],
      privatePaths: [runnerTemp],
      network: { allow: allowedHosts(config) },
    }),
  openWorkspace: (base) => openWorkspace({ directory: workspace, privateDirectory: join(runnerTemp, "worktrain", "git"), base, sandbox: { mode }, processes }),
});
