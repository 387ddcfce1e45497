/** `actions/checkout`, played with git itself against the local server. */
import { TerminalError } from "../../../shared/errors.ts";
import type { QueuedRun } from "../github/actions-port.ts";

export interface CheckoutOptions {
  readonly run: QueuedRun;
  readonly gitUrl: string;
  readonly token: string;
  readonly workspace: string;
  readonly inputs: Readonly<Record<string, string>>;
}

export interface GitCommand {
  readonly arguments: readonly string[];
  /** Variables besides the job's own. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Holds the header with the token: in a variable, so that no process list shows it. */
const HEADER_VARIABLE = "CHECKOUT_EXTRA_HEADER";

/** The secret text a checkout sends, to be masked. */
export const checkoutCredential = (token: string): string => Buffer.from(`x-access-token:${token}`).toString("base64");

/**
 * The git commands of a checkout of the run's commit, in order; the first that fails fails the step.
 * The remote is named as on GitHub and mapped to the local server.
 * @throws TerminalError on an input this checkout does not play
 */
export function checkoutCommands({ run, gitUrl, token, workspace, inputs }: CheckoutOptions): readonly GitCommand[] {
  const { depth, persist } = readInputs(inputs);
  const { headBranch, headSha, repository } = run;
  const remote = `https://github.com/${repository.owner}/${repository.name}`;
  const headerKey = `http.${gitUrl}/.extraheader`;
  const header = `AUTHORIZATION: basic ${checkoutCredential(token)}`;
  const mapped = ["-C", workspace, "-c", `url.${gitUrl}/.insteadOf=https://github.com/`];
  const tracking = `refs/remotes/origin/${headBranch}`;

  const local = (...command: readonly string[]): GitCommand => ({ arguments: [...mapped, ...command], environment: {} });
  const fetch = (...command: readonly string[]): GitCommand => ({
    arguments: [...mapped, "-c", "protocol.version=2", `--config-env=${headerKey}=${HEADER_VARIABLE}`, "fetch", "--no-recurse-submodules", ...command],
    environment: { GIT_TERMINAL_PROMPT: "0", [HEADER_VARIABLE]: header },
  });

  const everything = fetch("--prune", "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*");
  // The branch may have moved on since the run was queued: what is checked out is the run's commit.
  const commit = fetch("--no-tags", ...(depth === 0 ? [] : [`--depth=${depth}`]), "origin", `+${headSha}:${tracking}`);
  return [
    local("init", "--quiet", "."),
    local("remote", "add", "origin", remote),
    ...(depth === 0 ? [everything] : []),
    commit,
    ...(persist ? [local("config", "--local", headerKey, header)] : []),
    local("checkout", "--quiet", "--force", "-B", headBranch, tracking),
    local("log", "-1", "--format=%H"),
  ];
}

function readInputs(inputs: Readonly<Record<string, string>>): { readonly depth: number; readonly persist: boolean } {
  const stranger = Object.keys(inputs).find((name) => name !== "fetch-depth" && name !== "persist-credentials");
  if (stranger !== undefined) throw new TerminalError(`actions/checkout is not played with the input ${stranger}.`, "Only fetch-depth and persist-credentials are.");
  const depth = Number(inputs["fetch-depth"] ?? "1");
  const persist = inputs["persist-credentials"] ?? "true";
  if (!Number.isInteger(depth) || depth < 0) throw new TerminalError(`fetch-depth must be 0 or more, not ${inputs["fetch-depth"]}.`, "Give a whole number.");
  if (persist !== "true" && persist !== "false") throw new TerminalError(`persist-credentials must be true or false, not ${persist}.`, "Give true or false.");
  return { depth, persist: persist === "true" };
}
