/** Ways from the job's user to root, and their end. */
import type { Machine } from "./machine.ts";

/** Whoever can speak to one of these services is root. */
const ROOT_SOCKETS = [
  "/run/docker.sock",
  "/var/run/docker.sock",
  "/run/containerd/containerd.sock",
  "/run/buildkit/buildkitd.sock",
  "/run/podman/podman.sock",
  "/run/crio/crio.sock",
  "/run/incus/unix.socket",
  "/var/lib/incus/unix.socket",
  "/var/lib/lxd/unix.socket",
  "/var/snap/lxd/common/lxd/unix.socket",
];
const CONTAINER_SERVICES = ["docker.socket", "docker.service", "containerd.service", "podman.socket", "snap.lxd.daemon.unix.socket", "snap.lxd.daemon.service"];

/** Programs that make their caller root by a rule or a password. */
const ROOT_PROGRAMS = ["/usr/bin/sudo", "/usr/bin/sudo-rs", "/usr/bin/pkexec", "/usr/bin/doas", "/usr/bin/su", "/usr/bin/newgrp", "/usr/bin/sg"];

/** Stops the container services and removes their sockets. Needs root. What cannot be stopped is found by the check that follows. */
export async function dropContainers(machine: Machine): Promise<void> {
  const reachable = ROOT_SOCKETS.filter((path) => machine.exists(path));
  if (reachable.length === 0) return;
  await asRoot(machine, ["systemctl", "stop", ...CONTAINER_SERVICES]);
  await asRoot(machine, ["rm", "--force", "--", ...reachable]);
}

/** Takes from sudo and its like the right to make anybody root. The last thing that is done as root. */
export async function dropSudo(machine: Machine): Promise<void> {
  await asRoot(machine, ["chmod", "u-s,g-s", "--", ...ROOT_PROGRAMS.filter((path) => machine.exists(path))]);
}

/** What is still open, in words; empty when nothing is. */
export async function waysToRoot(machine: Machine): Promise<readonly string[]> {
  const found = ROOT_SOCKETS.filter((path) => machine.writable(path)).map((path) => `${path} can be spoken to`);
  // The first asks for everything; the second succeeds also where a rule allows single commands only.
  for (const args of [["-n", "true"], ["-n", "-l"]]) {
    if ((await machine.run("sudo", args)).exitCode !== 0) continue;
    return [...found, "sudo works without a password"];
  }
  return found;
}

/** Runs a program as root while sudo asks for no password. @returns its exit code, or that of sudo's refusal */
export async function asRoot(machine: Machine, command: readonly string[]): Promise<number | null> {
  return (await machine.run("sudo", ["-n", "--", ...command])).exitCode;
}
