/** A runner's machine in memory: processes, sudo, container sockets, and what is done to it. */
import type { Machine, ProcessFacts } from "../../../../src/hosts/runner/harden/machine.ts";
import { fakeClock } from "../../../fakes/clock.ts";

export interface FakeMachine extends Machine {
  readonly done: string[];
  list: ProcessFacts[];
  paths: Set<string>;
  sudo: boolean;
  bubblewrap: "works" | "forbidden" | "missing";
  /** Starts again as another process whenever it is ended, so often. */
  restarts: number;
}

export const OURS = 1001;
/** As on GitHub's runners: a service, the listener, the worker, this process; beside them what belongs to others. */
const USUAL: readonly ProcessFacts[] = [
  { pid: 1, parent: 0, uids: [0, 0], name: "systemd" },
  { pid: 500, parent: 1, uids: [OURS, OURS], name: "Runner.Listener" },
  { pid: 600, parent: 500, uids: [OURS, OURS], name: "Runner.Worker" },
  { pid: 700, parent: 600, uids: [OURS, OURS], name: "node" },
  { pid: 80, parent: 1, uids: [0, 0], name: "sshd" },
];

export function fakeMachine(more: Partial<Pick<FakeMachine, "uid" | "sudo" | "bubblewrap" | "restarts">> & { processes?: readonly ProcessFacts[]; paths?: readonly string[] } = {}): FakeMachine {
  const answer = (exitCode: number) => ({ exitCode, signal: null, stdout: new Uint8Array(), stderr: new Uint8Array(), timedOut: false, truncated: false });
  const clock = fakeClock();
  const asRoot = ([program, ...args]: readonly string[]): void => {
    if (program === "rm") for (const path of args) machine.paths.delete(path);
    if (program === "chmod" && args.includes("/usr/bin/sudo")) machine.sudo = false;
    if (program === "apt-get" && args.includes("bubblewrap") && machine.bubblewrap === "missing") machine.bubblewrap = "forbidden";
    if (program === "sysctl" && machine.bubblewrap === "forbidden") machine.bubblewrap = "works";
  };
  const machine: FakeMachine = {
    pid: 700,
    uid: more.uid ?? OURS,
    clock: { ...clock, sleep: () => Promise.resolve() },
    done: [],
    list: [...USUAL, ...(more.processes ?? [])],
    paths: new Set(["/usr/bin/sudo", "/usr/bin/su", ...(more.paths ?? [])]),
    sudo: more.sudo ?? true,
    bubblewrap: more.bubblewrap ?? "works",
    restarts: more.restarts ?? 0,
    processes: () => machine.list,
    exists: (path) => machine.paths.has(path),
    writable: (path) => machine.paths.has(path) && path.endsWith(".sock"),
    end: (pid) => {
      const ended = machine.list.find((each) => each.pid === pid);
      machine.list = machine.list.filter((each) => each.pid !== pid);
      machine.done.push(`end ${ended?.name ?? pid}`);
      if (ended !== undefined && machine.restarts > 0) {
        machine.restarts -= 1;
        machine.list.push({ ...ended, pid: pid + 1000 });
      }
    },
    run: (program, args) => {
      if (program === "bwrap") return Promise.resolve(answer(machine.bubblewrap === "works" || (args[0] === "--version" && machine.bubblewrap === "forbidden") ? 0 : 1));
      if (program !== "sudo") throw new Error(`nothing else is run without sudo: ${program}`);
      if (!machine.sudo) return Promise.resolve(answer(1));
      if (args[1] === "--") {
        machine.done.push(args.slice(2).join(" "));
        asRoot(args.slice(2));
      }
      return Promise.resolve(answer(0));
    },
  };
  return machine;
}
