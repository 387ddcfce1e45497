import { join } from "node:path";
import type { ChildProcess, Processes } from "../shared/ports.ts";
import { INNER_GATEWAY, type HelperSettings, type SandboxLimits } from "./protocol.ts";

/** What it takes to start a helper; all paths are real ones. */
export interface Launch {
  /** Private directory of this sandbox, removed when it closes. */
  readonly scratch: string;
  readonly processes: Processes;
  readonly workspaceDir: string;
  /** Set when the workspace is a worktree of another one's repository. */
  readonly linked: { readonly name: string; readonly workspace: string } | null;
  readonly nodePath: string;
  readonly helperPath: string;
  readonly limits: SandboxLimits;
  readonly diskFloor: HelperSettings["diskFloor"];
  readonly path: string;
  readonly readOnlyPaths: readonly string[];
  readonly privatePaths: readonly string[];
  /** The gateway's socket; null when there is no network at all. */
  readonly gatewaySocket: string | null;
}

/** Starts a helper; called again when one has died. */
export type StartHelper = () => ChildProcess;

/** Program and arguments of the helper itself. */
export function helperCommand(launch: Launch, ownsProcesses: boolean): readonly [string, string, string] {
  const settings: HelperSettings = { workspace: launch.workspaceDir, ownsProcesses, limits: launch.limits, diskFloor: launch.diskFloor, gateway: ownsProcesses && launch.gatewaySocket !== null ? INNER_GATEWAY : null };
  return [launch.nodePath, launch.helperPath, JSON.stringify(settings)];
}

/** How programs are told of the gateway; `NODE_USE_ENV_PROXY` is what Node 24 needs to look. */
export function gatewayEnvironment(): Readonly<Record<string, string>> {
  const url = `http://127.0.0.1:${INNER_GATEWAY.port}`;
  const none = "localhost,127.0.0.1,::1";
  return { HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, https_proxy: url, NO_PROXY: none, no_proxy: none, NODE_USE_ENV_PROXY: "1" };
}

/** The environment of the helper and of every command: nothing of the host's. */
export const innerEnvironment = (places: { readonly path: string; readonly home: string; readonly temporary: string }): Readonly<Record<string, string>> => ({
  PATH: places.path,
  HOME: places.home,
  TMPDIR: places.temporary,
  LANG: "C.UTF-8",
  CI: "true",
  TERM: "dumb",
  PAGER: "cat",
  GIT_PAGER: "cat",
  GIT_TERMINAL_PROMPT: "0",
});

/**
 * The same helper without walls: an empty environment, a thrown-away home, own process groups and the tools' path checks, but a
 * command can read and write whatever this user can, and reach the network. Only when the operator asks for it.
 */
export function weakHelper(launch: Launch): StartHelper {
  const [node, ...args] = helperCommand(launch, false);
  const env = innerEnvironment({ path: launch.path, home: join(launch.scratch, "home"), temporary: join(launch.scratch, "tmp") });
  return () => launch.processes.start(node, args, { cwd: launch.workspaceDir, env });
}
