/**
 * The walls of the sandbox, as arguments of bubblewrap.
 * B1. Inside exist: the system's programs read-only, the workspace, what the host names, and empty temporary directories; nothing
 *     else of this machine. Own user, process, mount, network, IPC and UTS namespaces; no network but an own loopback.
 * B2. The environment is made from nothing; no capability; no new privileges (bubblewrap sets that); no further user namespaces.
 *     Of the kernel only what system-calls.ts lets through.
 * B3. Nothing that contains a private directory of the host is ever mounted.
 */
import { existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import type { Refusal } from "../shared/errors.ts";
import type { Processes } from "../shared/ports.ts";
import { err, ok, type Result } from "../shared/result.ts";
import { unreachable } from "../shared/unreachable.ts";
import { HOST_PATH } from "./search-path.ts";
import { systemCallFilter } from "./system-calls.ts";

export type NoSandbox = Refusal<"no-sandbox">;

/** The home directory inside, empty and thrown away. */
export const INNER_HOME = "/home/worktrain";

/** What this machine's bubblewrap can do beyond what 0.6 (Ubuntu 22.04) can (P-bubblewrap). */
export interface Bubblewrap {
  /** 0.7: sized tmpfs. */
  readonly sizes: boolean;
  /** 0.8: no user namespaces inside. */
  readonly disablesUserNamespaces: boolean;
}

export type Mount =
  | { readonly kind: "read-only" | "read-write"; readonly path: string }
  /** A file of the host in the place of another, or where none is if its directory is not a mount. */
  | { readonly kind: "instead"; readonly path: string; readonly source: string }
  /** An empty directory, read-only but for what is mounted in it. */
  | { readonly kind: "empty"; readonly path: string };

export interface Walls {
  readonly bubblewrap: Bubblewrap;
  readonly mounts: readonly Mount[];
  /** Directory of what writeParts made. */
  readonly parts: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly temporaryBytes: number;
}

/** Of `/etc` only what programs need to start, find each other and check certificates. */
const ETC = ["ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls/certs", "pki/ca-trust", "localtime"];
const SYSTEM_LINKS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
/** Never mounted, nor anything in them or around them. */
const NEVER = ["/proc", "/sys", "/dev", "/run", "/var/run"];

/** Finds bubblewrap and what it can do. */
export async function findBubblewrap(processes: Processes): Promise<Result<Bubblewrap, NoSandbox>> {
  const help = await processes.run("bwrap", ["--help"], { env: { PATH: HOST_PATH }, timeoutMs: 10_000 });
  const text = new TextDecoder().decode(help.stdout) + new TextDecoder().decode(help.stderr);
  if (help.exitCode !== 0) return err(noSandbox(`bubblewrap (bwrap) cannot be started: ${text.trim()}`, INSTALL));
  return ok({ sizes: text.includes("--size "), disablesUserNamespaces: text.includes("--disable-userns") });
}

const WEAK = 'or ask for the weak mode explicitly (sandbox "weak"), in which commands can reach this machine\'s files and network';
const INSTALL = `Install it (apt-get install bubblewrap), ${WEAK}.`;

/** The refusal for a bubblewrap that is there and cannot make its namespaces (P-user-namespaces). */
export const cannotConfine = (reason: string): NoSandbox =>
  noSandbox(
    `bubblewrap cannot make a sandbox here: ${reason.trim()}`,
    `Allow unprivileged user namespaces (on Ubuntu 24.04: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; in a container: run it with a seccomp profile that allows them), ${WEAK}.`,
  );

export const noSandbox = (message: string, fix: string): NoSandbox => ({ kind: "no-sandbox", message, fix });

/** Files for `/etc` that are made, not taken from the machine. */
function etcFiles(user: { readonly uid: number; readonly gid: number }): Readonly<Record<string, string>> {
  const root = user.uid === 0 ? "" : "root:x:0:0::/:/bin/sh\n";
  return {
    passwd: `${root}worktrain:x:${user.uid}:${user.gid}::${INNER_HOME}:/bin/bash\nnobody:x:65534:65534::/:/bin/false\n`,
    group: `worktrain:x:${user.gid}:\nnogroup:x:65534:\n`,
    hosts: "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
  };
}

/** Makes the files that walls are built from: those for `/etc`, and the filter of system calls. */
export function writeParts(directory: string): void {
  mkdirSync(join(directory, "etc"), { recursive: true });
  const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  for (const [name, text] of Object.entries(etcFiles(user))) writeFileSync(join(directory, "etc", name), text);
  writeFileSync(join(directory, FILTER), systemCallFilter(process.arch) ?? "");
}

const FILTER = "system-calls";
/** bubblewrap takes the filter from an open file, which the port for processes does not hand over. */
const WITH_FILTER = 'filter=$1; shift; exec bwrap --seccomp 9 "$@" 9<"$filter"';

/** The program that runs another one behind the walls, and its arguments. */
export function behindWalls(walls: Walls, command: readonly string[]): { readonly program: string; readonly args: readonly string[] } {
  const args = [...bubblewrapArguments(walls), ...command];
  if (systemCallFilter(process.arch) === null) return { program: "bwrap", args };
  return { program: "sh", args: ["-c", WITH_FILTER, "sh", join(walls.parts, FILTER), ...args] };
}

function bubblewrapArguments(walls: Walls): readonly string[] {
  const { bubblewrap } = walls;
  const size = bubblewrap.sizes ? ["--size", String(walls.temporaryBytes)] : [];
  return [
    ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "sandbox", "--clearenv"], // B2
    bubblewrap.disablesUserNamespaces ? ["--disable-userns"] : [],
    Object.entries(walls.environment).flatMap(([name, value]) => ["--setenv", name, value]),
    ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"],
    SYSTEM_LINKS.flatMap(systemLink),
    ETC.flatMap((name) => ["--ro-bind-try", `/etc/${name}`, `/etc/${name}`]),
    Object.keys(etcFiles({ uid: 0, gid: 0 })).flatMap((name) => ["--ro-bind", join(walls.parts, "etc", name), `/etc/${name}`]),
    ["/tmp", INNER_HOME, "/dev/shm"].flatMap((path) => [...size, "--tmpfs", path]),
    // A deeper mount goes over one around it, whatever order they were named in.
    walls.mounts.toSorted((a, b) => a.path.length - b.path.length).flatMap(mountArguments),
    walls.mounts.filter(({ kind }) => kind === "empty").flatMap(({ path }) => ["--remount-ro", path]),
    ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", walls.directory, "--"],
  ].flat();
}

function systemLink(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
}

function mountArguments(mount: Mount): readonly string[] {
  switch (mount.kind) {
    case "read-only":
      return ["--ro-bind", mount.path, mount.path];
    case "read-write":
      return ["--bind", mount.path, mount.path];
    case "instead":
      return ["--ro-bind", mount.source, mount.path];
    case "empty":
      return ["--tmpfs", mount.path];
    default:
      return unreachable(mount);
  }
}

/**
 * Checks that none of the paths to mount contains a private directory (B3) or is one that no sandbox gets.
 * @param privatePaths absolute; those that do not exist are compared as written
 */
export function checkMounts(paths: readonly string[], privatePaths: readonly string[]): Result<void, NoSandbox> {
  const secrets = privatePaths.map((path) => (existsSync(path) ? realpathSync(path) : path));
  for (const path of paths) {
    if (!isAbsolute(path) || !existsSync(path)) return err(noSandbox(`${path} cannot be mounted: it is not an absolute path that exists.`, "Correct the path."));
    const real = realpathSync(path);
    const exposed = secrets.find((secret) => contains(real, secret)) ?? NEVER.find((never) => contains(real, never) || contains(never, real));
    if (exposed !== undefined) {
      return err(noSandbox(`${path} cannot be mounted in the sandbox: it would expose ${exposed}.`, "Name the directories that are needed one by one, and keep private directories out of them."));
    }
  }
  return ok(undefined);
}

function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === "" || (path !== ".." && !path.startsWith("../") && !isAbsolute(path));
}
