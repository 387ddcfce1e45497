/** `worktrain init`: the files of the onboarding pull request, into a clone. */
import { lstatSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { ACTION_PIN, configText, findings, SET_UP_PATHS, workflowText, type Findings, type RepositoryFiles } from "../../../intake/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { ticketKeyOf } from "../doctor/app.ts";
import { fileOf, lookAtRepository } from "../doctor/repository.ts";
import { notWritten } from "../log/new-file.ts";
import { printable } from "../printable.ts";
import { ticketKeyFile } from "./ticket-key-file.ts";

export interface SetUpWish {
  readonly action: string | null;
  readonly publicKey: string | null;
  /** Without the App: the repository's own workflow decides. */
  readonly actionOnly: boolean;
}

/** An Ed25519 public key: DER in base64. */
const PUBLIC_KEY = /^[A-Za-z0-9+/]{40,}={0,2}$/;

/** @throws TerminalError outside of a clone, and on an action or a key that could not work */
export async function setUpClone({ action, publicKey, actionOnly }: SetUpWish, world: CliWorld): Promise<CommandResult> {
  if (action !== null && !ACTION_PIN.test(action)) throw new TerminalError(`${JSON.stringify(action)} is no action pinned by commit.`, "Write it as OWNER/NAME/action@ and the 40 hex digits of a commit: a branch or a tag could be moved.");
  if (publicKey !== null && !PUBLIC_KEY.test(publicKey)) throw new TerminalError("--public-key is not a key as the App's page shows it.", "Copy the one line of base64 from there.");
  const { root, origin } = await lookAtRepository(world);
  if (root === null) throw new TerminalError(`${world.workingDirectory} is in no git clone.`, "Run this in a clone of the repository.");
  const found = await findings(await filesOf(root, world));
  const given = publicKey ?? keyHere(world);
  const before = fileOf(root, SET_UP_PATHS.workflow);
  // A workflow file that is there has its key already; without the action none is written.
  const held = actionOnly && given === null ? ticketKeyFile(world, origin === null ? basename(root) : `${origin.owner}-${origin.repo}`, action !== null && !isThere(root, SET_UP_PATHS.workflow)) : null;
  const made = held !== null && (before === null || before.includes(held.publicKey)) ? held : null;
  const key = given ?? made?.publicKey ?? null;
  const template = (name: string): string => readFileSync(join(world.packageRoot, "templates", name), "utf8");
  const filledIn = (text: string): string | null => workflowText({ template: text, action, publicKey: key ?? "" });
  const workflow = key === null ? null : filledIn(template("worktrain.yml") + (actionOnly ? template("worktrain-tell.yml") : ""));
  const wanted = [
    { path: SET_UP_PATHS.workflow, text: workflow },
    ...(actionOnly ? [{ path: SET_UP_PATHS.intake, text: filledIn(template("worktrain-intake.yml")) }] : []),
    { path: SET_UP_PATHS.config, text: configText(found, action) },
  ];
  const files = wanted.map(({ path, text }) => ({ path, state: text === null && !isThere(root, path) ? ("missing" as const) : text !== null && write(root, path, text) ? ("written" as const) : ("kept" as const) }));
  const tells = !actionOnly || (before ?? "job: tell").includes("job: tell");
  const next = nextSteps({ files, action, key, keyPath: made?.path ?? null, actionOnly, tells, site: origin === null ? null : `https://github.com/${origin.owner}/${origin.repo}` });
  // What nothing can start without is missing: whoever runs this in a script must not go on.
  const exitCode = files.some(({ state }) => state === "missing") ? 1 : 0;
  return { exitCode, text: printable([...foundLines(found), ...files.map(({ path, state }) => `${STATE_WORDS[state]}  ${path}`), "", "What is left to do:", ...next.map((step, index) => `${index + 1}. ${step}`)].join("\n")), data: { found, files, next } };
}

const STATE_WORDS = { written: "written", kept: "kept   ", missing: "MISSING" } as const;

function keyHere(world: CliWorld): string | null {
  const key = ticketKeyOf(world.environment().app);
  if (key === null) return null;
  if (!key.ok) throw new TerminalError(`WORKTRAIN_TICKET_KEY: ${key.error.what}`, key.error.cure ?? "Unset it, or name the public key with --public-key.");
  return key.value;
}

const LIST_TIMEOUT_MS = 30_000;

async function filesOf(root: string, { processes, environment }: CliWorld): Promise<RepositoryFiles> {
  const done = await processes.run("git", ["-C", root, "ls-files", "-z"], { env: { PATH: environment().path, GIT_OPTIONAL_LOCKS: "0" }, timeoutMs: LIST_TIMEOUT_MS });
  const paths = new TextDecoder().decode(done.stdout).split("\0").filter((path) => path !== "");
  return { paths, complete: done.exitCode === 0, read: (path) => Promise.resolve(isInside(root, path) ? fileOf(root, path) : null) };
}

/** A repository's link must not lead a read or a write out of the clone. */
function isInside(root: string, path: string): boolean {
  const top = realpathSync(root);
  for (let place = join(root, path); ; place = dirname(place)) {
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) continue;
    try {
      const real = realpathSync(place);
      return real === top || real.startsWith(top + sep);
    } catch {
      return false; // A link that leads nowhere.
    }
  }
}

const isThere = (root: string, path: string): boolean => lstatSync(join(root, path), { throwIfNoEntry: false }) !== undefined;

/** False when something is there already, whatever it is. */
function write(root: string, path: string, text: string): boolean {
  const file = join(root, path);
  if (isThere(root, path)) return false;
  if (!isInside(root, path)) throw new TerminalError(`${path} would be written outside of the clone: a directory above it is a link.`, "Make it a directory.");
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    throw notWritten(file, error);
  }
}

const foundLines = ({ languages, test, ci, rules }: Findings): readonly string[] => [
  `found    ${languages.length === 0 ? "no language that is known" : languages.join(", ")}; ${test === null ? "no test command" : `tests: ${test.command} (${test.from})`}; CI: ${ci.length === 0 ? "none" : ci.join(", ")}; instructions for agents: ${rules.length === 0 ? "none" : rules.join(", ")}`,
];

interface Left {
  readonly files: readonly { readonly path: string; readonly state: "written" | "kept" | "missing" }[];
  readonly action: string | null;
  readonly key: string | null;
  /** Where a key was made that signs tickets; null where none was. */
  readonly keyPath: string | null;
  readonly actionOnly: boolean;
  /** Whether the workflow file has the job that stands in for the App at a run's end. */
  readonly tells: boolean;
  /** The repository's page; null where the origin is not known. */
  readonly site: string | null;
}

/** Where GitHub's pages of settings are found by hand. */
const MENUS = { environments: "Environments", actions: "Actions, General" } as const;

function nextSteps({ files, action, key, keyPath, actionOnly, tells, site }: Left): readonly string[] {
  const missing = files.some(({ state }) => state === "missing");
  const settings = (page: keyof typeof MENUS, words: string): string => `${words} (${site === null ? `on GitHub: Settings, ${MENUS[page]}` : `${site}/settings/${page}`}).`;
  const lacks = [...(action === null ? ["--action (WorkTrain's action, pinned by commit)"] : []), ...(key === null && !actionOnly ? ["--public-key (the App's page shows it)"] : [])];
  return [
    ...(missing ? [`Run this again with ${lacks.join(" and ")}: without its workflow file nothing can start.`] : []),
    ...(tells ? [] : [`${SET_UP_PATHS.workflow} was there already: put the job of WorkTrain's templates/worktrain-tell.yml at its end, or the status comment shows a run's end only at the next scheduled look.`]),
    "Put the tools that your tests need (actions/setup-node and the like) into the workflow file, where its comment says so.",
    "Commit the files and bring them to the default branch.",
    ...(actionOnly ? [] : [`Install the App on the repository${site === null ? "" : `: ${site}/settings/installations`}.`]),
    settings("environments", `Make the environments worktrain-agent${actionOnly ? ", worktrain-deliver and worktrain-intake, each" : " and worktrain-deliver, both"} limited to the default branch`),
    ...(actionOnly ? [settings("environments", keyWords(keyPath))] : []),
    settings("environments", "Add the secret ANTHROPIC_API_KEY to worktrain-agent"),
    settings("actions", 'Tick "Allow GitHub Actions to create and approve pull requests"'),
    ...(actionOnly ? [`Make the label worktrain:ready (${site === null ? "on GitHub: Issues, Labels" : `${site}/labels`}).`] : []),
    `Label an issue worktrain:ready. \`worktrain doctor\` looks everything over.${actionOnly ? " What does not work without the App stands in docs/getting-started.md." : ""}`,
  ];
}

/** The private half is never shown: what is printed ends up in logs. */
const keyWords = (path: string | null): string =>
  path === null ? "Add the secret WORKTRAIN_TICKET_KEY to worktrain-intake: the private half of public-key in the workflow file" : `Add the secret WORKTRAIN_TICKET_KEY to worktrain-intake, by \`gh secret set WORKTRAIN_TICKET_KEY --env worktrain-intake < ${path}\` or by hand, and delete that file then`;
