import { nodeProcesses } from "../../shared/node-processes.ts";

/** What this machine can confine the agent's tools with: bubblewrap if it can make its namespaces here. */
export async function availableSandbox(): Promise<"bubblewrap" | "weak"> {
  const tried = await nodeProcesses.run("bwrap", ["--ro-bind", "/", "/", "--unshare-all", "--", "/bin/true"], { env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, timeoutMs: 10_000 });
  return tried.exitCode === 0 ? "bubblewrap" : "weak";
}
