export type { BaseFile, BaseFiles } from "./base-files.ts";
export { openSandbox, type CommandResult, type Sandbox, type SandboxMode, type SandboxOptions } from "./sandbox.ts";
export type { SandboxLimits } from "./protocol.ts";
export type { GetBlob } from "./incoming.ts";
export { openWorkspace, type SavedWorkspace, type Workspace, type WorkspaceOptions } from "./workspace.ts";
export { cloneForWork, gitDirectoryOf, lookAtClone, publishBranch, type LocalClone, type Publication, type SeenClone } from "./local-clone.ts";
