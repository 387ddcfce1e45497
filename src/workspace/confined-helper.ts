import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { err, ok, type Result } from "../shared/result.ts";
import { behindWalls, cannotConfine, checkMounts, findBubblewrap, INNER_HOME, type Mount, type NoSandbox, writeParts, type Walls } from "./bubblewrap.ts";
import { gatewayEnvironment, helperCommand, innerEnvironment, type Launch, type StartHelper } from "./launch.ts";
import { findMemoryScope } from "./memory-scope.ts";
import { INNER_GATEWAY } from "./protocol.ts";
import { HOST_PATH } from "./search-path.ts";

/** Prepares helpers behind bubblewrap's walls, after a program has really run behind them. */
export async function confinedHelper(launch: Launch): Promise<Result<StartHelper, NoSandbox>> {
  const bubblewrap = await findBubblewrap(launch.processes);
  if (!bubblewrap.ok) return bubblewrap;
  const program = [...programFiles(launch.helperPath), launch.nodePath];
  const checked = checkMounts([launch.workspaceDir, "/usr", ...launch.readOnlyPaths, ...program], launch.privatePaths);
  if (!checked.ok) return checked;

  const parts = join(launch.scratch, "parts");
  writeParts(parts);
  const walls: Walls = {
    bubblewrap: bubblewrap.value,
    parts,
    directory: launch.workspaceDir,
    environment: { ...innerEnvironment({ path: launch.path, home: INNER_HOME, temporary: "/tmp" }), ...(launch.gatewaySocket === null ? {} : gatewayEnvironment()) },
    temporaryBytes: launch.limits.temporaryBytes,
    mounts: [{ kind: "read-only", path: launch.workspaceDir }],
  };
  // The files of the other workspace are not mounted but for this look, which reads names and one file of `.git`.
  const home = launch.linked?.workspace ?? launch.workspaceDir;
  const repository = await lookAtRepository(launch, { ...walls, directory: home, mounts: [{ kind: "read-only", path: home }] });
  if (!repository.ok) return repository;

  const mounts: readonly Mount[] = [
    { kind: "read-write", path: launch.workspaceDir },
    ...gitMounts(launch, home, repository.value),
    ...linkMounts(launch),
    ...(launch.gatewaySocket === null ? [] : [{ kind: "instead" as const, path: INNER_GATEWAY.socketPath, source: launch.gatewaySocket }]),
    ...[...launch.readOnlyPaths, ...program].map((path): Mount => ({ kind: "read-only", path })),
  ];
  const { program: starter, args } = behindWalls({ ...walls, mounts }, helperCommand(launch, true));
  const scope = await findMemoryScope(launch.processes, launch.limits);
  if (scope === null) return ok(() => launch.processes.start(starter, args, { env: OUTER_ENVIRONMENT }));
  return ok(() => launch.processes.start(scope.program, [...scope.args, starter, ...args], { env: scope.env }));
}

/** bubblewrap's own environment, which the first process inside can be asked for: nothing in it. */
const OUTER_ENVIRONMENT = { PATH: HOST_PATH };

/** A built helper is its directory (entry and chunks); from source it is the sources and the one package it needs. */
function programFiles(helperPath: string): readonly string[] {
  if (!helperPath.endsWith(".ts")) return [dirname(helperPath)];
  const root = join(dirname(helperPath), "..", "..", "..");
  return [join(root, "src"), join(root, "package.json"), join(root, "node_modules", "picomatch")];
}

interface Repository {
  /** `.git`, and of what a reader of its history needs what is there. Nothing of it is a symbolic link. */
  readonly present: readonly string[];
  /** Settings of the repository that reading it takes, as lines of a git config file. */
  readonly config: readonly string[];
}

/**
 * The first program behind the walls: proves that they can be put up, and looks at the workspace's repository from inside.
 * A `.git` that is a file (a worktree's) leads to a repository that is not mounted: it is only protected.
 */
const LOOK = `
for path in .git .git/config ${["HEAD", "ORIG_HEAD", "index", "objects", "packed-refs", "refs", "reftable", "shallow", "info"].map((name) => `.git/${name}`).join(" ")}; do
  [ -e "$path" ] && [ ! -h "$path" ] && echo "present $path"
done
[ -d .git ] && echo "present .git/"
git config --file .git/config --get-regexp '^(core\\.(repositoryformatversion|filemode|bare|ignorecase|symlinks)|extensions\\.(objectformat|refstorage))$' | sed 's/^/config /'
echo done
`;

async function lookAtRepository(launch: Launch, walls: Walls): Promise<Result<Repository, NoSandbox>> {
  const { program, args } = behindWalls(walls, ["/bin/sh", "-c", LOOK]);
  const run = await launch.processes.run(program, args, { env: OUTER_ENVIRONMENT, timeoutMs: 20_000, maxOutputBytes: 64 * 1024 });
  const lines = new TextDecoder().decode(run.stdout).trimEnd().split("\n");
  if (run.exitCode !== 0 || lines.at(-1) !== "done") return err(cannotConfine(new TextDecoder().decode(run.stderr)));
  const rest = (start: string) => lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
  return ok({ present: rest("present "), config: rest("config ").flatMap(configLine) });
}

function configLine(line: string): readonly string[] {
  const [, section, name, value] = /^([a-z]+)\.([a-z]+) ([a-z0-9]+)$/.exec(line) ?? [];
  return value === undefined ? [] : [`[${section}]\n\t${name} = ${value}\n`];
}

/** What a worktree knows of itself: its HEAD and index. The file that leads to it must go on leading there. */
const linkMounts = ({ linked, workspaceDir }: Launch): readonly Mount[] =>
  linked === null ? [] : [{ kind: "read-only", path: join(linked.workspace, ".git", "worktrees", linked.name) }, { kind: "read-only", path: join(workspaceDir, ".git") }];

/**
 * `.git` is there for `git log` and `git diff`, read-only and made of named parts: its config, reflogs, submodules and whatever a tool
 * keeps there can hold credentials. One that is a file only names another directory.
 */
function gitMounts(launch: Launch, home: string, { present, config }: Repository): readonly Mount[] {
  const at = (name: string) => join(home, name);
  if (!present.includes(".git/")) return present.includes(".git") ? [{ kind: "read-only", path: at(".git") }] : [];
  const source = join(launch.scratch, "git-config");
  writeFileSync(source, config.join(""));
  const parts = present.filter((name) => !name.startsWith(".git/config") && !/^\.git\/?$/.test(name));
  return [
    { kind: "empty", path: at(".git") },
    ...parts.map((name): Mount => ({ kind: "read-only", path: at(name) })),
    { kind: "instead", path: at(".git/config"), source },
  ];
}
