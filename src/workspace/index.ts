export { openSandbox, type CommandResult, type Sandbox, type SandboxMode, type SandboxOptions } from "./sandbox.ts";
export type { SandboxLimits } from "./protocol.ts";
