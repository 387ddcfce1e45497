import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkDeliverRunner, checkRunner, harden, type RunnerFacts } from "../../../../src/hosts/runner/harden/harden.ts";
import { injectedVariables } from "../../../../src/hosts/runner/harden/injected-variables.ts";
import { linuxMachine } from "../../../../src/hosts/runner/harden/machine.ts";
import { nodeClock } from "../../../../src/shared/node-ports.ts";
import { nodeProcesses } from "../../../../src/shared/node-processes.ts";
import { temporaryDirectory } from "../../../workspace/small-repository.ts";
import { fakeMachine, OURS } from "./machine.ts";

const HOSTED: RunnerFacts = { environment: { RUNNER_ENVIRONMENT: "github-hosted", CI: "true" }, selfHosted: "", modelUrl: "" };
const OWN: RunnerFacts = { ...HOSTED, environment: { RUNNER_ENVIRONMENT: "self-hosted" } };
const STRAY = { pid: 900, parent: 1, uids: [OURS, OURS], name: "miner" };

const messageOf = (result: { readonly ok: boolean; readonly error?: { readonly message: string; readonly fix: string } }): string => (result.error === undefined ? "ok" : `${result.error.message} ${result.error.fix}`);

describe("attack 18: the step without a key, on a runner that GitHub hosts", () => {
  test("ends what earlier steps left, takes away container services and sudo, and the step with the key then finds nothing", async () => {
    const machine = fakeMachine({ processes: [STRAY, { pid: 901, parent: 900, uids: [OURS, 0], name: "raised" }, { pid: 902, parent: 1, uids: [33, 33], name: "apache" }], paths: ["/run/docker.sock", "/var/run/docker.sock"], restarts: 3 });
    expect(messageOf(await checkRunner(HOSTED, machine))).toMatch(/docker\.sock can be spoken to; .*sudo works without a password.*job: harden/s);
    expect(await harden(HOSTED, machine, "bubblewrap")).toEqual({ ok: true, value: ["Ended 5 processes of earlier steps.", "No process of an earlier step, no sudo, no container service is in reach."] });
    expect(machine.sudo).toBe(false);
    expect([...machine.paths].filter((path) => path.endsWith(".sock"))).toEqual([]);
    expect(machine.list.map(({ name }) => name)).toEqual(["systemd", "Runner.Listener", "Runner.Worker", "node", "sshd", "apache"]);
    expect(machine.done.at(-1)).toMatch(/^chmod u-s,g-s -- \/usr\/bin\/sudo/);
    expect(await checkRunner(HOSTED, machine)).toMatchObject({ ok: true });
    // Once more does no harm: it may stand before the set-up too.
    expect(await harden(HOSTED, machine, "bubblewrap")).toMatchObject({ ok: true });
  });

  test("refuses when something stays: a process that cannot be ended, a socket, sudo that still works, a job that is root", async () => {
    expect(messageOf(await harden(HOSTED, fakeMachine({ processes: [STRAY], restarts: 1_000 }), "bubblewrap"))).toMatch(/Processes of earlier steps.*"miner"/);
    const stubborn = fakeMachine({ paths: ["/run/podman/podman.sock"] });
    expect(messageOf(await harden(HOSTED, { ...stubborn, run: async (program, args) => ({ ...(await stubborn.run(program, args)), exitCode: 0 }) }, "bubblewrap"))).toMatch(/sudo works without a password/);
    const socket = fakeMachine({ paths: ["/run/podman/podman.sock"] });
    expect(messageOf(await harden(HOSTED, { ...socket, writable: (path) => path === "/run/podman/podman.sock" }, "bubblewrap"))).toMatch(/podman\.sock can be spoken to/);
    expect(messageOf(await harden(HOSTED, fakeMachine({ uid: 0 }), "bubblewrap"))).toMatch(/runs as root.*container:/);
  });

  test("a rule that allows single programs without a password is a way to root too", async () => {
    const machine = fakeMachine();
    const run: typeof machine.run = async (program, args) => ({ ...(await machine.run(program, args)), exitCode: args.join(" ") === "-n -l" ? 0 : 1 });
    expect(messageOf(await checkRunner(HOSTED, { ...machine, run }))).toContain("sudo works without a password");
  });

  test("makes the sandbox possible only as far as it is not", async () => {
    const works = fakeMachine();
    await harden(HOSTED, works, "bubblewrap");
    expect(works.done.filter((line) => /apt-get|sysctl/.test(line))).toEqual([]);
    const missing = fakeMachine({ bubblewrap: "missing", paths: ["/proc/sys/kernel/apparmor_restrict_unprivileged_userns"] });
    expect(await harden(HOSTED, missing, "bubblewrap")).toMatchObject({ ok: true });
    expect(missing.done.slice(0, 3)).toEqual(["apt-get update --quiet", "apt-get install --yes --quiet --no-install-recommends bubblewrap", "sysctl --quiet --write kernel.apparmor_restrict_unprivileged_userns=0"]);
    const weak = fakeMachine({ bubblewrap: "missing" });
    await harden(HOSTED, weak, "weak");
    expect(weak.done.filter((line) => /apt-get|sysctl/.test(line))).toEqual([]);
  });
});

describe("attack 19: a runner that GitHub does not host", () => {
  test("is refused in every job unless it is listed, and never changed", async () => {
    for (const environment of [{ RUNNER_ENVIRONMENT: "self-hosted" }, {}, { RUNNER_ENVIRONMENT: "" }]) {
      const machine = fakeMachine({ processes: [STRAY], paths: ["/run/docker.sock"] });
      const facts = { ...OWN, environment };
      for (const refused of [await harden(facts, machine, "bubblewrap"), await checkRunner(facts, machine), checkDeliverRunner(facts)]) {
        expect(messageOf(refused)).toMatch(/self-hosted runner.*self-hosted: ephemeral/s);
      }
      expect(machine.done).toEqual([]);
    }
  });

  test("listed as ephemeral it is looked at, and refused with sudo, a container service or other processes of its user", async () => {
    const facts: RunnerFacts = { ...OWN, selfHosted: "ephemeral" };
    const cases = [fakeMachine(), fakeMachine({ sudo: false, paths: ["/run/docker.sock"] }), fakeMachine({ sudo: false, processes: [STRAY] }), fakeMachine({ sudo: false, uid: 0 })];
    for (const machine of cases) {
      expect(messageOf(await harden(facts, machine, "bubblewrap"))).toContain("self-hosted: ephemeral-with-root");
      expect(messageOf(await checkRunner(facts, machine))).toContain("self-hosted: ephemeral-with-root");
      expect(machine.done).toEqual([]);
    }
    expect(await checkRunner(facts, fakeMachine({ sudo: false }))).toMatchObject({ ok: true });
    expect(await checkRunner({ ...OWN, selfHosted: "ephemeral-with-root" }, fakeMachine({ uid: 0 }))).toMatchObject({ ok: true, value: [expect.stringContaining("Warning")] });
    expect(checkDeliverRunner(facts)).toMatchObject({ ok: true });
  });

  test("saying so of a hosted runner spares it nothing", async () => {
    expect(await checkRunner({ ...HOSTED, selfHosted: "ephemeral-with-root" }, fakeMachine())).toMatchObject({ ok: false });
  });
});

describe("attack 18: what an earlier step left in the environment", () => {
  const suspects = [
    "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "GLIBC_TUNABLES", "GCONV_PATH",
    "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "NODE_COMPILE_CACHE", "NODE_USE_ENV_PROXY", "NODE_V8_COVERAGE",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "SSLKEYLOGFILE",
    "BASH_ENV", "ENV", "SHELLOPTS", "PS4", "BASH_FUNC_ls%%",
    "GIT_DIR", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "GIT_EXEC_PATH", "GIT_PROXY_COMMAND",
    "PYTHONSTARTUP", "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS",
    "HTTPS_PROXY", "http_proxy", "ALL_PROXY", "no_proxy",
    "ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_API_KEY",
  ];

  test.each(suspects)("%s is refused by name, without its value, before anything is changed; empty it is nothing", async (name) => {
    const machine = fakeMachine({ processes: [STRAY] });
    const facts: RunnerFacts = { ...HOSTED, environment: { ...HOSTED.environment, [name]: "/tmp/evil-value" } };
    for (const refused of [await harden(facts, machine, "bubblewrap"), await checkRunner(facts, machine), checkDeliverRunner(facts)]) {
      expect(messageOf(refused)).toContain(`${name} (`);
      expect(messageOf(refused)).not.toContain("evil-value");
    }
    expect(machine.done).toEqual([]);
    expect(injectedVariables({ [name]: "" })).toEqual([]);
  });

  test("what runners and usual set-up actions set is none", () => {
    const usual = ["PATH", "HOME", "LANG", "CI", "GITHUB_ENV", "GITHUB_TOKEN", "RUNNER_TEMP", "ACTIONS_RUNTIME_TOKEN", "INPUT_JOB", "INPUT_ANTHROPIC-API-KEY", "JAVA_HOME", "JAVA_HOME_21_X64", "GOROOT_1_22_X64", "NVM_DIR", "NODE_ENV", "NODE_AUTH_TOKEN", "NODE_VERSION", "ImageOS", "ENVIRONMENT", "DEBIAN_FRONTEND", "XDG_RUNTIME_DIR", "pythonLocation", "Python_ROOT_DIR", "PKG_CONFIG_PATH", "SHELL", "GITHUB_PATH", "DOTNET_ROOT"];
    expect(injectedVariables(Object.fromEntries(usual.map((name) => [name, "x"])))).toEqual([]);
  });

  test("attack 12: the model's address is taken from the workflow file alone", async () => {
    const environment = { ...HOSTED.environment, ANTHROPIC_BASE_URL: "https://model.example" };
    expect(messageOf(await checkRunner({ ...HOSTED, environment, modelUrl: "https://other.example" }, fakeMachine({ sudo: false })))).toContain("anthropic-base-url");
    expect(await checkRunner({ ...HOSTED, environment, modelUrl: "https://model.example" }, fakeMachine({ sudo: false }))).toMatchObject({ ok: true });
  });
});

describe("the machine as it is", () => {
  test("processes are read from /proc, whatever they are called; zombies and what is no process are passed over", () => {
    const proc = temporaryDirectory();
    const put = (pid: string, status: string) => {
      mkdirSync(join(proc, pid));
      writeFileSync(join(proc, pid, "status"), status);
    };
    put("7", "Name:\tevil\\nUid: 0\nState:\tS (sleeping)\nPPid:\t1\nUid:\t1001\t0\t0\t0\n");
    put("8", "Name:\tgone\nState:\tZ (zombie)\nPPid:\t7\nUid:\t1001\t1001\t1001\t1001\n");
    mkdirSync(join(proc, "9"));
    mkdirSync(join(proc, "self"));
    expect(linuxMachine({ processes: nodeProcesses, clock: nodeClock, proc }).processes()).toEqual([{ pid: 7, parent: 1, uids: [1001, 0], name: "evil\\nUid: 0" }]);
  });

  test("this process is in its own list, and a socket that is not there cannot be written", () => {
    const machine = linuxMachine({ processes: nodeProcesses, clock: nodeClock });
    expect(machine.processes().find(({ pid }) => pid === process.pid)).toMatchObject({ parent: process.ppid });
    expect(machine.writable("/nonexistent/docker.sock")).toBe(false);
  });
});
