/** Hardening for real, on a machine of its own: mounts and processes in namespaces, a set-user-id sudo. Needs root and a C compiler. */
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { temporaryDirectory } from "../workspace/small-repository.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const isRoot = process.getuid?.() === 0;

/** As the real one with a rule without a password: makes its caller root, if it has the right. */
const SUDO = `
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) {
  int at = 1;
  while (at < argc && argv[at][0] == '-' && strcmp(argv[at], "--")) at++;
  if (at < argc && !strcmp(argv[at], "--")) at++;
  if (geteuid() != 0 || setgid(0) || setuid(0)) return 1;
  if (at < argc) execvp(argv[at], argv + at);
  return at < argc ? 127 : 0;
}`;

/** What the steps of a job do on a hosted runner: set-up leaves processes, then ours come. */
const JOB = `
set -u
mount -t tmpfs none /run; mount -t tmpfs none "$1/over"; mkdir "$1/over/upper" "$1/over/work"
mount -t overlay none -o "lowerdir=/usr/bin,upperdir=$1/over/upper,workdir=$1/over/work" /usr/bin
cp "$1/sudo" /usr/bin/sudo; chmod 4755 /usr/bin/sudo
"$NODE" -e 'require("net").createServer().listen("/run/docker.sock", () => require("fs").chmodSync("/run/docker.sock", 0o666))' & docker=$!
while [ ! -S /run/docker.sock ]; do sleep 0.05; done
as_runner() { setpriv --reuid=12345 --regid=12345 --clear-groups env -i PATH=/usr/bin:/bin HOME=/nonexistent "$@"; }
step() { as_runner RUNNER_ENVIRONMENT=github-hosted "INPUT_JOB=$1" INPUT_SANDBOX=bubblewrap "\${@:2}" "$NODE" "$MAIN"; echo "[$1 $?]"; }
as_runner setsid -f sh -c 'trap "" TERM HUP; while :; do sleep 1000; done' </dev/null >/dev/null 2>&1
as_runner setsid -f sh -c 'while :; do cat /proc/[0-9]*/environ 2>/dev/null | tr "\\\\0" "\\\\n" | grep -o "CANARY-[A-Z]*" >> '"$1/stolen"'; sleep 0.01; done' </dev/null >/dev/null 2>&1
echo "strays before: $(ps -o uid= -e | grep -cw 12345)"
as_runner KEY=CANARY-FIRST sleep 60 &
until grep -q CANARY-FIRST "$1/stolen" 2>/dev/null; do sleep 0.05; done; echo "the watcher finds a key"
step agent
step harden
echo "strays after: $(ps -o uid= -e | grep -cw 12345)"
as_runner sudo -n true; echo "sudo: $?"
[ -e /run/docker.sock ] && echo "socket: there" || echo "socket: gone"
step agent INPUT_ANTHROPIC-API-KEY=CANARY-SECOND
step harden LD_PRELOAD=/tmp/none.so 2>/dev/null
kill $docker`;

describe("attack 18: a hosted runner, for real", () => {
  test.runIf(isRoot)("the step without a key ends the watchers and takes sudo and the container service away, then the key is read", async () => {
    const directory = temporaryDirectory();
    chmodSync(directory, 0o777);
    writeFileSync(join(directory, "sudo.c"), SUDO);
    execFileSync("cc", ["-o", join(directory, "sudo"), join(directory, "sudo.c")]);
    execFileSync("mkdir", [join(directory, "over")]);
    const { stdout } = await promisify(execFile)("unshare", ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", JOB, "bash", directory], {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", NODE: process.execPath, MAIN: join(ROOT, "src/hosts/runner/main.ts") },
    });
    expect(stdout).toMatch(/strays before: [2-9]\nthe watcher finds a key/);
    expect(stdout).toMatch(/docker\.sock can be spoken to; sudo works without a password[^]*\[agent 1\][^]*Ended \d+ processes of earlier steps\.[^]*\[harden 0\]/);
    expect(stdout).toContain("strays after: 0\n");
    expect(stdout).toContain("sudo: 1\n");
    expect(stdout).toContain("socket: gone\n");
    // The check has passed: what is missing now is the rest of a job's settings.
    expect(stdout).toMatch(/socket: gone\nNo process of an earlier step[^\n]*\n::error::The variable [^]*\[agent 1\]/);
    expect(stdout).toMatch(/LD_PRELOAD \(the loader[^]*\[harden 1\]/);
    const stolen = new Set(readFileSync(join(directory, "stolen"), "utf8").trim().split("\n"));
    expect([...stolen]).toEqual(["CANARY-FIRST"]);
  });
});
