/** What commands inside the sandbox can reach. Needs bubblewrap: without it these tests fail, they do not skip. */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { nodeProcesses } from "../../src/shared/node-processes.ts";
import type { Processes } from "../../src/shared/ports.ts";
import { openSandbox } from "../../src/workspace/index.ts";
import { blobStore, inShell, put, repository, sandboxOn, temporaryDirectory, workspaceOn } from "../workspace/small-repository.ts";

const CANARY = "wt-canary-7f3a91c2d4";

async function open(more: Parameters<typeof sandboxOn>[2] = {}) {
  const { directory, base } = repository({ "a.txt": "text\n" });
  const sandbox = await sandboxOn(directory, "bubblewrap", more);
  const bash = async (command: string, timeoutMs = 20_000) => (await sandbox.call("bash", { command, timeout_ms: timeoutMs })).content;
  return { directory, base, sandbox, bash };
}

/** The real processes, but for what bubblewrap answers. */
const pretend = (bwrap: (args: readonly string[]) => { exitCode: number; stderr: string } | null): Processes => ({
  ...nodeProcesses,
  run: async (program, args, options) => {
    const answer = program === "bwrap" || args.includes("--unshare-all") ? bwrap(args) : null;
    if (answer === null) return nodeProcesses.run(program, args, options);
    return { exitCode: answer.exitCode, signal: null, stdout: new Uint8Array(), stderr: new TextEncoder().encode(answer.stderr), timedOut: false, truncated: false };
  },
});
const openWith = (processes: Processes) =>
  openSandbox({ workspaceDir: repository({}).directory, mode: "bubblewrap", processes, nodePath: process.execPath, helperPath: join(import.meta.dirname, "../../src/workspace/helper/main.ts") });

/** Processes of this machine with these words in their command line. */
const running = (words: string): number =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").includes(words);
      } catch {
        return false; // ended meanwhile
      }
    }).length;

describe("attack 9: reading secrets", () => {
  afterEach(() => {
    delete process.env["WT_TEST_TOKEN"];
  });

  test("attack 10: no tool returns a canary from the parent's environment, files, home or process list", async () => {
    process.env["WT_TEST_TOKEN"] = CANARY;
    const outside = temporaryDirectory();
    const elsewhere = temporaryDirectory("/var/tmp");
    put(outside, "home/.npmrc", CANARY);
    put(elsewhere, "runner/_temp/token", CANARY);
    // A process of this machine with the canary in its own environment and arguments.
    const holder = spawn("sleep", ["600"], { env: { SECRET: CANARY }, argv0: CANARY });
    onTestFinished(() => void holder.kill("SIGKILL"));
    const { directory } = repository({ "a.txt": "text\n" });
    inShell(directory, `git config http.extraheader "AUTHORIZATION: ${CANARY}"; git remote add origin https://x:${CANARY}@example.com/r; mkdir -p .git/modules/m; echo ${CANARY} > .git/modules/m/config; echo ${CANARY} >> .git/logs/HEAD`);
    const sandbox = await sandboxOn(directory, "bubblewrap");
    const parent = process.pid;
    const commands = [
      "env; export; set",
      "cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'",
      `cat /proc/${parent}/environ; ls -la /proc/${parent}/cwd/ /proc/1/root/ /proc/1/cwd/`,
      `cat ${outside}/home/.npmrc ${elsewhere}/runner/_temp/token`,
      "cat ~/.npmrc ~/.ssh/* /root/.* /home/*/.* 2>&1",
      "cat .git/config .git/config.worktree .git/modules/m/config .git/logs/*; git config --list; git remote -v",
      "grep -ra canary /tmp /var /home /root /run /etc /opt /mnt /srv /dev/shm 2>/dev/null",
      "cat /proc/self/mountinfo; cat /run/secrets/* /var/run/docker.sock; ls /var/run /run",
      "ls -laR /tmp /var /home /run 2>&1; ps auxwwe",
    ];
    const leaking: string[] = [];
    for (const command of commands) {
      const { content } = await sandbox.call("bash", { command });
      if (content.includes(CANARY.slice(3, 17))) leaking.push(`${command}: ${content}`);
    }
    expect(leaking).toEqual([]);
    const paths = [`/proc/${parent}/environ`, "/proc/self/environ", join(outside, "home/.npmrc"), ".git/config", ".git/modules/m/config"];
    const allowed: string[] = [];
    for (const path of paths) {
      for (const tool of ["read", "grep", "glob"]) {
        if (!(await sandbox.call(tool, { path, pattern: "canary" })).isError) allowed.push(`${tool} ${path}`);
      }
    }
    expect(allowed).toEqual([]);
    expect((await sandbox.runCommand({ command: "env; cat .git/config", timeoutMs: 5_000, maxOutputBytes: 100_000 })).outputTail).not.toContain(CANARY);
  });

  test("the parent's, other users' and the host's processes are not there", async () => {
    const { bash } = await open();
    expect(await bash(`ls -d /proc/[0-9]* | wc -l; kill -0 ${process.pid} 2>&1`)).toMatch(/^[4-7]\n.*No such process/s);
  });

  test("a mount that would expose a private directory is refused", async () => {
    const { directory } = repository({});
    const outer = temporaryDirectory();
    mkdirSync(join(outer, "journal"));
    for (const more of [
      { readOnlyPaths: [outer], privatePaths: [join(outer, "journal")] },
      { readOnlyPaths: [join(outer, "journal")], privatePaths: [join(outer, "journal")] },
      { readOnlyPaths: ["/"] },
      { readOnlyPaths: ["/proc"] },
      { readOnlyPaths: ["/run/user"] },
      { privatePaths: [join(directory, "inside")] },
    ]) {
      await expect(sandboxOn(directory, "bubblewrap", more)).rejects.toThrow(/cannot be mounted/);
    }
  });
});

describe("attack 10: carrying out", () => {
  test("there is no network: not the machine's services, not the outside, not cloud metadata", async () => {
    const server = createServer((socket) => socket.end(CANARY)).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { bash } = await open();
    const connect = (host: string, to: number) => bash(`timeout 3 bash -c 'exec 3<>/dev/tcp/${host}/${to} && cat <&3'`);
    for (const [host, to] of [["127.0.0.1", port], ["169.254.169.254", 80], ["1.1.1.1", 443]] as const) {
      expect(await connect(host, to)).toMatch(new RegExp(`${host}.*(refused|unreachable)`, "i"));
    }
    expect(await bash("getent hosts github.com; getent hosts localhost")).toMatch(/^(127\.0\.0\.1|::1)\s+localhost\n\[exit code 0\]$/);
    expect(await bash("tail -n +3 /proc/net/dev | grep -v ' lo:' | wc -l")).toBe("0\n[exit code 0]");
  });
});

describe("attack 11: running code and writing outside", () => {
  test("only the workspace, /tmp and the empty home can be written", async () => {
    const { bash, directory } = await open();
    const outside = temporaryDirectory();
    const places = [outside, "/", "/usr", "/usr/bin", "/etc", "/var", "/work", "/proc/sys/kernel", join(directory, ".git"), join(directory, ".git/hooks"), join(directory, "..")];
    for (const place of places) await bash(`echo evil > ${place}/evil-${CANARY}`);
    expect(places.filter((place) => existsSync(join(place, `evil-${CANARY}`)))).toEqual([]);
    expect(await bash("echo '[core] fsmonitor = evil' >> .git/config; rm -rf .git; mv .git x; git config core.hooksPath /tmp")).toMatch(/Read-only|busy|could not lock/);
    expect(inShell(directory, "git config --get core.fsmonitor || git log --format=%s")).toBe("base\n");
    expect(await bash("echo ok > made && echo ok > /tmp/x && echo ok > ~/y && cat made /tmp/x ~/y")).toBe("ok\nok\nok\n[exit code 0]");
    expect(existsSync(join(directory, "made"))).toBe(true);
  });

  test("no capability, no new privileges, no further namespace, no mount", async () => {
    const { bash } = await open();
    expect(await bash("grep -E 'Cap(Eff|Prm|Bnd|Amb)|NoNewPrivs' /proc/self/status | tr -d '\\t'")).toBe(
      "CapPrm:0000000000000000\nCapEff:0000000000000000\nCapBnd:0000000000000000\nCapAmb:0000000000000000\nNoNewPrivs:1\n[exit code 0]",
    );
    const commands = ["unshare -Ur true", "mount -t tmpfs x /mnt", "mount -o remount,rw /usr", "chroot / true", "mknod /tmp/sda b 8 0", "umount .git"];
    expect(await bash(commands.map((command) => `${command} 2>/dev/null && echo '${command} works'`).join("; ") + "; echo end")).toBe("end\n[exit code 0]");
  });

  test("code in the workspace's and a nested repository's git config never runs when the files are saved or restored", async () => {
    for (const mode of ["bubblewrap", "weak"] as const) {
    const { directory, base } = repository({ "a.txt": "text\n", ".gitattributes": "*.txt filter=evil diff=evil merge=evil\n", "sub/keep": "" });
    const proof = join(temporaryDirectory(), "executed");
    const evil = `sh -c 'touch ${proof}; cat'`;
      const workspace = await workspaceOn(directory, base, mode);
      inShell(
        directory,
        `for repo in . nested; do mkdir -p $repo; cd $repo; [ -d .git ] || { git init -q .; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x; }
         cat >> .git/config <<'END'
[core]
	fsmonitor = "${evil}"
	hooksPath = hooks
	sshCommand = "${evil}"
	pager = "${evil}"
[filter "evil"]
	clean = "${evil}"
	smudge = "${evil}"
	process = "${evil}"
	required = true
[diff "evil"]
	textconv = "${evil}"
	command = "${evil}"
END
         mkdir -p hooks; for h in post-checkout post-index-change pre-commit reference-transaction; do printf '#!/bin/sh\\ntouch ${proof}\\n' > hooks/$h; chmod +x hooks/$h; cp hooks/$h .git/hooks/; done; cd ${directory}; done
         rm -rf sub; cp -r nested sub; printf 'x\\r\\n$Id$\\n' > a.txt; printf '$Id$' > new.txt; printf '*.txt filter=evil\\n' > .git/info/attributes
         printf '*.txt filter=evil diff=evil text eol=lf working-tree-encoding=UTF-16\\n* ident\\n' > .gitattributes`,
      );
      const journal = blobStore();
      const saved = await workspace.save(journal.put);
      expect(saved).not.toBeNull();
      expect(await workspace.describe(saved!, journal.get)).toContain("a.txt");
      expect(await workspace.restore(null, journal.get)).toMatchObject({ ok: true });
      expect(await workspace.restore(saved, journal.get)).toMatchObject({ ok: true });
      expect(readFileSync(join(directory, "a.txt"), "latin1")).toBe("x\r\n$Id$\n");
      expect(existsSync(proof)).toBe(false);
      const manifest = JSON.parse(new TextDecoder().decode(journal.blobs.get(saved!.manifest)));
      expect(manifest.unsupported.map((entry: { path: string }) => entry.path)).toContain("nested/");
    }
  });
});

describe("attack 15: leftovers", () => {
  test("fault 42: nothing a command starts outlives the call: background, new session, double fork, fork storm", async () => {
    const { bash } = await open();
    const mark = `91${process.pid}73`;
    expect(await bash(`sleep ${mark} & echo one`)).toMatch(/^one\n\[exit code 0\]\n\[Background processes were ended with the command: \d+/);
    expect(await bash(`setsid sleep ${mark} >/dev/null 2>&1 & echo two`)).toContain("two");
    expect(await bash(`( ( setsid nohup sh -c 'trap "" TERM HUP; sleep ${mark}; sleep ${mark}' >/dev/null 2>&1 & ) & ); echo three`)).toContain("three");
    expect(await bash(`for i in $(seq 50); do (setsid sh -c 'while :; do sleep ${mark} & sleep 0.01; done' >/dev/null 2>&1 &) ; done; echo four`)).toContain("four");
    expect(running(`sleep ${mark}`)).toBe(0);
    expect(await bash("ls -d /proc/[0-9]* | wc -l")).toMatch(/^[4-7]\n/);
  });

  test.each(["bubblewrap", "weak"] as const)("attack 15: what one session leaves in its home and /tmp tells the next one nothing false (%s)", async (mode) => {
    const { directory } = repository({ "a.txt": "text\n" });
    const sandbox = await sandboxOn(directory, mode);
    const bash = async (command: string) => (await sandbox.call("bash", { command })).content;
    await bash("echo changed > a.txt; git config --global diff.external true; echo x > $TMPDIR/x");
    expect(await bash("git diff")).toBe("[exit code 0]"); // Its own git shows it nothing.
    await sandbox.renew();
    expect(await bash("git diff")).toContain("+changed");
    expect(await bash("ls -A $HOME $TMPDIR | grep -v :")).not.toMatch(/gitconfig|^x$/m);
    expect((await sandbox.call("edit", { path: "a.txt", old_string: "changed", new_string: "y" })).content).toContain("Read a.txt before");
  });

  test("closing the sandbox ends what runs in it", async () => {
    const { sandbox, directory } = await open();
    const mark = `92${process.pid}74`;
    const call = sandbox.call("bash", { command: `touch started; setsid sleep ${mark} & wait`, timeout_ms: 60_000 });
    while (!existsSync(join(directory, "started"))) await new Promise((resolve) => setImmediate(resolve));
    await sandbox.close();
    expect(await call).toMatchObject({ isError: true });
    expect(running(`sleep ${mark}`)).toBe(0);
    expect(await sandbox.call("read", { path: "a.txt" })).toEqual({ content: "The sandbox is closed.", isError: true });
  });
});

describe("limits", () => {
  test("fault 41: a command over its memory, file or CPU limit ends; the sandbox and what was written stay", async () => {
    const { sandbox, bash } = await open({ limits: { memoryBytes: 256 * 1024 ** 2, fileBytes: 1024 ** 2, cpuSeconds: 1 } });
    expect(await bash("echo kept > kept.txt; head -c 1000000000 /dev/zero | tail -c 900000000 | wc -c; exit ${PIPESTATUS[1]}")).not.toContain("[exit code 0]");
    expect(await bash("head -c 10000000 /dev/zero > big; stat -c %s big")).toContain("1048576\n");
    expect(await bash("while :; do :; done")).toMatch(/Ended by SIG(XCPU|KILL)/);
    expect((await sandbox.call("read", { path: "kept.txt" })).content).toContain("kept");
  });

  test("fault 41: a killed helper costs one call, never the run", async () => {
    const { sandbox, bash } = await open();
    expect(await bash("kill -9 -1; sleep 5")).toContain("The sandbox ended during this call");
    expect(await sandbox.call("read", { path: "a.txt" })).toMatchObject({ isError: false });
  });

  test("fault 5: a helper that cannot be started, and a disk without room, are answers that the model reads", async () => {
    let exhausted = false;
    const processes: Processes = { ...nodeProcesses, start: (program, args, options) => nodeProcesses.start(exhausted ? "no-such-program" : program, args, options) };
    const { bash } = await open({ processes });
    expect(await bash("kill -9 -1; sleep 5")).toContain("The sandbox ended during this call");
    exhausted = true;
    expect(await bash("echo on")).toContain("The sandbox ended during this call");
    exhausted = false;
    expect(await bash("echo on")).toBe("on\n[exit code 0]");
    expect(await bash("echo x > /dev/full")).toMatch(/No space left on device\n\[exit code 1\]/);
  });

  test.each([
    ["not JSON", "rubbish\n"],
    ["no reply", '{"kind":"result","id":0}\n'],
    ["an exit code that is none", '{"kind":"result","id":0,"content":"","isError":false,"outcome":{"exitCode":"0","timedOut":false,"durationMs":1}}\n'],
    ["a line without end", "x".repeat(17 * 1024 * 1024)],
  ])("a helper that was taken over and answers with %s is ended; the call is an error and the next one has a new helper", async (_what, answer) => {
    let killed = 0;
    const fake: Processes = {
      ...nodeProcesses,
      start: () => {
        const { promise: exited, resolve } = Promise.withResolvers<{ exitCode: number | null; signal: string | null }>();
        const listeners: ((chunk: Uint8Array) => void)[] = [];
        const say = (text: string) => listeners.forEach((listener) => listener(new TextEncoder().encode(text)));
        queueMicrotask(() => say('{"kind":"ready"}\n'));
        return {
          pid: 1,
          onStdout: (listener) => void listeners.push(listener),
          onStderr: () => undefined,
          write: () => say(answer),
          exited,
          kill: (signal) => {
            killed += 1;
            resolve({ exitCode: null, signal });
          },
        };
      },
    };
    const sandbox = await sandboxOn(repository({}).directory, "weak", { processes: fake });
    for (const expected of [1, 2]) {
      expect(await sandbox.call("read", { path: "a" })).toMatchObject({ isError: true, content: expect.stringContaining("The sandbox ended during this call") });
      expect(killed).toBe(expected);
    }
  });
});

describe("no sandbox, no tool", () => {
  test("without bubblewrap the refusal names its package", async () => {
    expect(await openWith(pretend(() => ({ exitCode: 127, stderr: "spawn bwrap ENOENT" })))).toMatchObject({
      ok: false,
      error: { kind: "no-sandbox", fix: expect.stringContaining("apt-get install bubblewrap") },
    });
  });

  test("where namespaces are forbidden the refusal names the setting and the weak mode", async () => {
    const refused = await openWith(pretend((args) => (args.includes("--help") ? null : { exitCode: 1, stderr: "bwrap: setting up uid map: Permission denied" })));
    expect(refused).toMatchObject({ ok: false, error: { kind: "no-sandbox", message: expect.stringContaining("uid map") } });
    expect(refused.ok ? "" : refused.error.fix).toMatch(/apparmor_restrict_unprivileged_userns=0.*weak/);
  });
});
