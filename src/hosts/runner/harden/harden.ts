/**
 * Makes a runner safe for the key, and looks whether it is. Two steps of the job: `harden` runs without any secret and
 * changes the machine; the step with the key only looks again, before it reads the key.
 *
 * M1. Only a runner that GitHub hosts, which is thrown away after the job, is ever changed.
 * M2. Another runner is used only if the operator listed it as thrown away after each job (attack 19).
 * M3. Nothing of an earlier step is at work beside the key: no process, no variable, no way to root (attacks 15, 18).
 */
import type { Refusal } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { injectedVariables, type Injected } from "./injected-variables.ts";
import type { Machine } from "./machine.ts";
import { asRoot, dropContainers, dropSudo, waysToRoot } from "./privileges.ts";
import { endStrays, strays } from "./strays.ts";

/** What the operator says of a runner that GitHub does not host. */
export type SelfHosted = "" | "ephemeral" | "ephemeral-with-root";

export interface RunnerFacts {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly selfHosted: SelfHosted;
  /** Given by the workflow file itself; a variable that repeats it is none of an earlier step. */
  readonly modelUrl: string;
}

export type UnsafeRunner = Refusal<"unsafe-runner">;

type Kind = "hosted" | "ephemeral" | "ephemeral-with-root";

/** The step without a key. @returns what was done, for the log */
export async function harden(facts: RunnerFacts, machine: Machine, sandbox: "bubblewrap" | "weak"): Promise<Result<readonly string[], UnsafeRunner>> {
  const kind = kindOf(facts);
  if (!kind.ok) return kind;
  const variables = noInjected(facts);
  if (!variables.ok) return variables;
  const done: string[] = [];
  if (kind.value === "hosted") {
    if (sandbox === "bubblewrap") done.push(...(await allowSandbox(machine)));
    // First, so that none of them undoes the rest meanwhile; the check ends what is left once more.
    const { ended } = await endStrays(machine);
    await dropContainers(machine);
    await dropSudo(machine);
    if (ended > 0) done.push(`Ended ${ended} ${ended === 1 ? "process" : "processes"} of earlier steps.`);
  }
  const checked = await checkRunner(facts, machine);
  if (!checked.ok) return checked;
  return ok([...done, ...checked.value]);
}

/** The look before the key is read. @returns sentences for the log */
export async function checkRunner(facts: RunnerFacts, machine: Machine): Promise<Result<readonly string[], UnsafeRunner>> {
  const kind = kindOf(facts);
  if (!kind.ok) return kind;
  const variables = noInjected(facts);
  if (!variables.ok) return variables;
  if (kind.value === "ephemeral-with-root") return ok(["Warning: this runner's user may be root (self-hosted: ephemeral-with-root); processes, sudo and container services were not looked at."]);
  if (machine.uid === 0) return unsafe("The job runs as root.", kind.value === "hosted" ? "Run it on the runner itself, without `container:`." : DROP_ROOT);
  const open = await waysToRoot(machine);
  if (open.length > 0) return unsafe(`The job's user can become root: ${open.join("; ")}.`, kind.value === "hosted" ? RUN_HARDEN : DROP_ROOT);
  const left = kind.value === "hosted" ? (await endStrays(machine)).left : strays(machine);
  if (left.length > 0) {
    const names = left.slice(0, 5).map(({ name, pid }) => `${JSON.stringify(name)} (${pid})`);
    return unsafe(`Processes of earlier steps or other services run as the job's user: ${names.join(", ")}.`, kind.value === "hosted" ? RUN_HARDEN : OWN_USER);
  }
  return ok(["No process of an earlier step, no sudo, no container service is in reach."]);
}

/** What the deliver job asks: it runs alone on its runner and starts no program of the repository. */
export function checkDeliverRunner(facts: RunnerFacts): Result<void, UnsafeRunner> {
  const kind = kindOf(facts);
  return kind.ok ? noInjected(facts) : kind;
}

const RUN_HARDEN = "Put the step `job: harden` of templates/worktrain.yml directly before this one, with no other step between them.";
const DROP_ROOT = "Give the runner a user without sudo and container rights, or say `self-hosted: ephemeral-with-root` if the machine is made for this one job.";
const OWN_USER = "Give the runner a user of its own, or say `self-hosted: ephemeral-with-root` if the machine is made for this one job.";

function kindOf({ environment, selfHosted }: RunnerFacts): Result<Kind, UnsafeRunner> {
  if (environment["RUNNER_ENVIRONMENT"] === "github-hosted") return ok("hosted");
  if (selfHosted !== "") return ok(selfHosted); // M2
  return unsafe(
    "This is a self-hosted runner, and what earlier jobs left on it is unknown.",
    "Use a runner that GitHub hosts, or one that is thrown away after each job and say so in the workflow file: `self-hosted: ephemeral`.",
  );
}

function noInjected({ environment, modelUrl }: RunnerFacts): Result<void, UnsafeRunner> {
  const injected = injectedVariables(environment, modelUrl === "" ? {} : { ANTHROPIC_BASE_URL: modelUrl });
  if (injected.length === 0) return ok(undefined);
  const named = injected.map(({ name, reason }) => `${name} (${reason})`).join("; ");
  return unsafe(`Variables are set that an earlier step could have left: ${named}.`, cure(injected));
}

const cure = (injected: readonly Injected[]): string =>
  `Do not set them in the job, or empty them for WorkTrain's steps alone: \`env: { ${injected.map(({ name }) => `${name}: ""`).join(", ")} }\`.${injected.some(({ name }) => name === "ANTHROPIC_BASE_URL") ? " The model's address belongs in the input `anthropic-base-url`." : ""}`;

/** Installs bubblewrap and lifts what keeps it from its namespaces (P-user-namespaces); only as far as it does not work yet. */
async function allowSandbox(machine: Machine): Promise<readonly string[]> {
  const works = async (): Promise<boolean> => (await machine.run("bwrap", ["--ro-bind", "/", "/", "--unshare-all", "--", "/bin/true"])).exitCode === 0;
  if (await works()) return [];
  const done: string[] = [];
  if ((await machine.run("bwrap", ["--version"])).exitCode !== 0) {
    await asRoot(machine, ["apt-get", "update", "--quiet"]);
    await asRoot(machine, ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "bubblewrap"]);
    done.push("Installed bubblewrap.");
  }
  if (await works()) return done;
  const switches = ["kernel.apparmor_restrict_unprivileged_userns=0", "kernel.unprivileged_userns_clone=1"];
  for (const each of switches.filter((text) => machine.exists(`/proc/sys/${text.replace(/=.*/, "").replaceAll(".", "/")}`))) {
    await asRoot(machine, ["sysctl", "--quiet", "--write", each]);
    done.push(`Set ${each}, so that programs without rights can make the sandbox.`);
  }
  return done;
}

const unsafe = (message: string, fix: string): Result<never, UnsafeRunner> => err({ kind: "unsafe-runner", message, fix });
