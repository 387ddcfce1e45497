import { existsSync } from "node:fs";
import type { Processes } from "../shared/ports.ts";
import type { SandboxLimits } from "./protocol.ts";
import { HOST_PATH } from "./search-path.ts";

/** Starts a program in a control group of its own, whose memory and processes the kernel holds. */
export interface MemoryScope {
  readonly program: "systemd-run";
  /** Before the program and its arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const PAGE_BYTES = 4_096;
/** Beside the command's: bubblewrap, the helper and its threads. */
const OWN_TASKS = 64;
const PROBE_TIMEOUT_MS = 5_000;

/** Prints the memory limit of the group it runs in (cgroup v2). */
const PROBE = 'cat "/sys/fs/cgroup$(sed -n "s/^0:://p" /proc/self/cgroup)/memory.max"';

/**
 * A scope of the user's own systemd, if there is one and it really holds the limit: seen from inside, since a manager without the memory
 * controller takes the setting and does nothing.
 * @param runtime the user's runtime directory
 */
export async function findMemoryScope(processes: Processes, limits: SandboxLimits, runtime = `/run/user/${process.getuid?.() ?? 0}`): Promise<MemoryScope | null> {
  if (!existsSync(`${runtime}/systemd/private`)) return null;
  const most = Math.floor(limits.totalMemoryBytes / PAGE_BYTES) * PAGE_BYTES;
  const properties = [`MemoryMax=${most}`, "MemorySwapMax=0", `TasksMax=${limits.processes + OWN_TASKS}`].flatMap((property) => ["--property", property]);
  // What comes after `env -i` knows nothing of the manager.
  const scope: MemoryScope = {
    program: "systemd-run",
    args: ["--user", "--scope", "--quiet", "--collect", ...properties, "--", "env", "-i", `PATH=${HOST_PATH}`],
    env: { PATH: HOST_PATH, XDG_RUNTIME_DIR: runtime },
  };
  const seen = await processes.run(scope.program, [...scope.args, "sh", "-c", PROBE], { env: scope.env, timeoutMs: PROBE_TIMEOUT_MS, maxOutputBytes: 1_024 });
  return seen.exitCode === 0 && new TextDecoder().decode(seen.stdout).trim() === String(most) ? scope : null;
}
