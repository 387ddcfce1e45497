import { nodeProcesses } from "../../shared/node-processes.ts";
import { SYSTEM_PATH } from "./program-path.ts";

/** What this machine can confine the agent's tools with: bubblewrap if it is on the PATH and can make its namespaces here. */
export async function availableSandbox(path: string = SYSTEM_PATH): Promise<"bubblewrap" | "weak"> {
  const tried = await nodeProcesses.run("bwrap", ["--ro-bind", "/", "/", "--unshare-all", "--", "/bin/true"], { env: { PATH: path }, timeoutMs: 10_000 });
  return tried.exitCode === 0 ? "bubblewrap" : "weak";
}
