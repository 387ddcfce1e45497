/**
 * The box the demo plays in: a local GitHub with Actions, an Anthropic-compatible server and the Probot App as its own process,
 * all on 127.0.0.1, with a repository pushed over git.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { publicTicketKey } from "../../github/trust/index.ts";
import { INTAKE_WORKFLOW_FILE, WORKFLOW_FILE, workflowText } from "../../intake/index.ts";
import { TerminalError } from "../../shared/errors.ts";
import { nodeClock } from "../../shared/node-ports.ts";
import { nodeProcesses } from "../../shared/node-processes.ts";
import type { ChildProcess } from "../../shared/ports.ts";
import type { LocalActionsEvent } from "./actions/events.ts";
import { startLocalActions, type LocalActions } from "./actions/local-actions.ts";
import { startLocalGitHub, type LocalGitHub } from "./github/index.ts";
import { playScenario, startModelServer, type ModelServer, type Scenario } from "./model/index.ts";
import { searching, SYSTEM_PATH } from "./program-path.ts";
import type { DemoRepository } from "./scenario/scenario.ts";

export interface WorldOptions {
  /** Everything is kept in here. */
  readonly directory: string;
  readonly packageRoot: string;
  readonly nodePath: string;
  /** Where git and bubblewrap are looked for, as in the variable `PATH`. */
  readonly path: string;
  /** What is pushed before anything happens. */
  readonly repository: DemoRepository;
  /** What the model does. */
  readonly model: Scenario;
  /** Whether this machine can confine the agent's tools. */
  readonly sandbox: "bubblewrap" | "weak";
  /** The repository is pushed without WorkTrain's files and the App is not installed: it is to propose itself. */
  readonly bare?: boolean;
  /** Default: private. */
  readonly visibility?: "public" | "private";
  /** What the App may do beyond its manifest. */
  readonly morePermissions?: Readonly<Record<string, "read" | "write">>;
  /** The repository's variables; none when absent. */
  readonly variables?: Readonly<Record<string, string>>;
  /** There is no App: the repository's own workflow decides in its place. */
  readonly actionOnly?: boolean;
  /** Whether the deliver job exchanges its identity for tokens of the App, as templates/worktrain.yml says how; default: it does not. */
  readonly exchange?: boolean;
  /** Where the App's process keeps its code compiled for the next start (`NODE_COMPILE_CACHE`); nowhere when absent. */
  readonly compileCache?: string;
  readonly onEvent: (event: LocalActionsEvent) => void;
}

export interface World {
  readonly github: LocalGitHub;
  readonly actions: LocalActions;
  readonly model: ModelServer;
  readonly repository: { readonly id: number; readonly owner: string; readonly name: string; readonly gitUrl: string };
  /** As in the options. */
  readonly path: string;
  /** Where the App listens; "" where there is none. */
  readonly appUrl: string;
  /** Token of the maintainer `ada`. */
  readonly maintainerToken: string;
  readonly secrets: WorldSecrets;
  /** What the App's process wrote; for when it does not come up. */
  readonly appLog: () => string;
  close(): Promise<void>;
}

/** What only its holder may know; none of it may show up anywhere. */
export interface WorldSecrets {
  readonly modelKey: string;
  readonly webhookSecret: string;
  /** PEM of the App's RSA key. */
  readonly appKey: string;
  /** PEM of the Ed25519 key that signs tickets. */
  readonly ticketKey: string;
}

/** The maintainer. */
export const OWNER = "ada";
const APP = { id: 4711, slug: "worktrain" };
/** Where the shipped workflow file's placeholder points; the local Actions map it to this package's own action. */
const ACTION = "worktrain/worktrain/action";
/** Often enough to see the steps go by; on github.com the default is 30 s. */
const POLL_SECONDS = "0.5";

/** Starts everything. On failure what was started is ended before the error is thrown. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const started: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const stop of started.splice(0).toReversed()) await stop();
  };
  try {
    return await build(options, started, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(options: WorldOptions, started: (() => Promise<void>)[], close: () => Promise<void>): Promise<World> {
  // First: without git nothing here works, and only Ada's git says so plainly.
  await git(options.directory, ["--version"], options.path);
  const { publicKey: publicKeyPem, privateKey: appKey } = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: { type: "pkcs8", format: "pem" }, publicKeyEncoding: { type: "spki", format: "pem" } });
  const secrets: WorldSecrets = {
    modelKey: `sk-ant-demo-${randomBytes(24).toString("hex")}`,
    webhookSecret: randomBytes(24).toString("hex"),
    appKey,
    ticketKey: generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };

  const github = await startLocalGitHub({
    directory: options.directory,
    processes: searching(nodeProcesses, options.path),
    app: { ...APP, publicKeyPem, permissions: { ...appPermissions(options.packageRoot), ...options.morePermissions }, webhookSecret: secrets.webhookSecret },
  });
  started.push(() => github.close());
  const model = await startModelServer({ answer: playScenario(options.model), apiKey: secrets.modelKey });
  started.push(() => model.close());

  const record = await github.createRepository({ owner: OWNER, name: options.repository.name, visibility: options.visibility ?? "private" });
  const maintainerToken = github.addUser(OWNER, "admin", record.id);
  if (options.bare !== true && options.actionOnly !== true) github.installApp(record.id);
  github.setEnvironmentSecret("worktrain-agent", "ANTHROPIC_API_KEY", secrets.modelKey);
  if (options.actionOnly === true) github.setEnvironmentSecret("worktrain-intake", "WORKTRAIN_TICKET_KEY", secrets.ticketKey);
  const repository = { id: record.id, owner: OWNER, name: record.name, gitUrl: `${github.url}/${OWNER}/${record.name}.git` };

  const actions = await startLocalActions({
    port: github.actions,
    directory: join(options.directory, "actions"),
    apiUrl: github.url,
    gitUrl: github.url,
    nodePath: options.nodePath,
    actions: { [ACTION]: join(options.packageRoot, "action"), [`${ACTION}/intake`]: join(options.packageRoot, "action", "intake") },
    extraEnvironment: { PATH: `${dirname(realpathSync(options.nodePath))}:${options.path}` },
    variables: options.variables ?? {},
    clock: nodeClock,
    onEvent: options.onEvent,
  });
  started.push(() => actions.close());

  const appPort = await freePort();
  const exchange = options.exchange === true ? { url: `http://127.0.0.1:${appPort}/api/exchange`, issuer: actions.issuer } : null;
  const shipped = readFileSync(join(options.packageRoot, "templates/worktrain.yml"), "utf8");
  const template = forThisMachine(exchange === null ? shipped : withExchange(shipped, exchange.url), model.url, options.sandbox);
  const action = `${ACTION}@${await git(options.packageRoot, ["rev-parse", "HEAD"], options.path).catch(() => "0".repeat(40))}`;
  await pushRepository(options, { ...repository, token: maintainerToken, publicKey: publicTicketKey(secrets.ticketKey), template, action });
  const templatePath = join(options.directory, "workflow-template.yml");
  await writeFile(templatePath, template);
  if (options.actionOnly === true) return { github, actions, model, repository, path: options.path, appUrl: "", maintainerToken, secrets, appLog: () => "There is no App.", close };
  const app = await startApp(options, { secrets, port: appPort, exchange, environment: { GITHUB_API_URL: github.url, WORKTRAIN_ACTION: action, WORKTRAIN_WORKFLOW: templatePath } });
  started.push(() => app.stop());
  github.setWebhookUrl(`${app.url}/api/github/webhooks`);
  return { github, actions, model, repository, path: options.path, appUrl: app.url, maintainerToken, secrets, appLog: app.log, close };
}

const manifestSchema = z.object({ default_permissions: z.record(z.string(), z.enum(["read", "write"])) });

/** What the App's shipped manifest asks for is what it is granted. */
function appPermissions(packageRoot: string): Readonly<Record<string, "read" | "write">> {
  return manifestSchema.parse(parse(readFileSync(join(packageRoot, "app.yml"), "utf8"))).default_permissions;
}

interface Push {
  readonly gitUrl: string;
  readonly token: string;
  readonly publicKey: string;
  /** The workflow file with its placeholders. */
  readonly template: string;
  /** What stands for `__ACTION__`. */
  readonly action: string;
}

/** Makes the repository a person would have, with the shipped workflow file filled in, and pushes it. */
async function pushRepository(options: WorldOptions, push: Push): Promise<void> {
  const directory = join(options.directory, "checkout");
  await cp(join(options.packageRoot, options.repository.directory), directory, { recursive: true });
  const run = (where: string, args: readonly string[]): Promise<string> => git(where, args, options.path);
  if (options.bare === true) await rm(join(directory, ".github"), { recursive: true, force: true });
  else {
    await mkdir(join(directory, ".github/workflows"), { recursive: true });
    for (const [name, template] of workflowsOf(options, push)) await writeFile(join(directory, ".github/workflows", name), workflowText({ ...push, template }) ?? "");
  }
  const url = new URL(push.gitUrl);
  url.username = "x-access-token";
  url.password = push.token;
  await run(directory, ["init", "--quiet", "--initial-branch=main"]);
  await run(directory, ["add", "--all"]);
  await run(directory, ["commit", "--quiet", "--message", options.repository.commit]);
  await run(directory, ["push", "--quiet", "--", url.href, "main"]);
}

/** What a repository has with the App, and without it (`worktrain init`). */
function workflowsOf({ packageRoot, actionOnly }: WorldOptions, { template }: Push): readonly (readonly [string, string])[] {
  if (actionOnly !== true) return [[WORKFLOW_FILE, template]];
  const shipped = (name: string): string => readFileSync(join(packageRoot, "templates", name), "utf8");
  return [
    [WORKFLOW_FILE, template + shipped("worktrain-tell.yml")],
    [INTAKE_WORKFLOW_FILE, shipped(INTAKE_WORKFLOW_FILE)],
  ];
}

/**
 * What somebody writes whose runner is a machine of their own, with another model server: that it may be used as it is. Who cannot have
 * bubblewrap asks for the weak mode by name.
 */
function forThisMachine(workflow: string, modelUrl: string, sandbox: WorldOptions["sandbox"]): string {
  const runner = `          self-hosted: ephemeral-with-root\n${sandbox === "weak" ? "          sandbox: weak\n" : ""}`;
  return workflow
    .replaceAll(/^ {10}job: (?:harden|verify|deliver)\n/gm, `$&${runner}`)
    .replace("          job: agent\n", `$&${runner}          anthropic-base-url: ${modelUrl}\n`);
}

/** What the template's own comments tell somebody to do who wants it: the permissions and the input. */
function withExchange(workflow: string, url: string): string {
  const asked = /^ {4}# {3}(\{ .*id-token: write \})\n {4}permissions:\n(?: {6}.*\n)+/m;
  return workflow.replace(asked, (_, permissions: string) => `    permissions: ${permissions}\n`).replace(/^( +)# exchange-url: .*$/m, (_, indent: string) => `${indent}exchange-url: ${url}`);
}

const GIT_ENVIRONMENT = {
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
};

/** What `Processes.run` answers for a program it cannot start. */
const NOT_STARTED = 127;

/** Runs git as Ada would. @throws TerminalError with what git said */
export async function git(directory: string, args: readonly string[], path: string = SYSTEM_PATH): Promise<string> {
  const done = await nodeProcesses.run("git", ["-C", directory, "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", ...args], { env: { ...GIT_ENVIRONMENT, PATH: path }, timeoutMs: 60_000 });
  if (done.exitCode === NOT_STARTED) throw new TerminalError("git was not found.", "Install git, or put the directory it is in on the PATH.");
  if (done.exitCode !== 0) throw new TerminalError(`git ${args[0] ?? ""} failed: ${new TextDecoder().decode(done.stderr).trim()}`, "Check that git is installed and the disk is not full.");
  return new TextDecoder().decode(done.stdout).trim();
}

interface AppPlace {
  readonly secrets: WorldSecrets;
  readonly environment: Readonly<Record<string, string>>;
  readonly port: number;
  readonly exchange: { readonly url: string; readonly issuer: string } | null;
}

async function startApp(options: WorldOptions, { secrets, environment, port, exchange }: AppPlace): Promise<{ readonly url: string; readonly log: () => string; stop(): Promise<void> }> {
  const child = nodeProcesses.start(options.nodePath, [join(options.packageRoot, "src/hosts/app/main.ts"), "--until-stdin-closes"], {
    cwd: options.directory,
    env: {
      PATH: options.path,
      ...(options.compileCache === undefined ? {} : { NODE_COMPILE_CACHE: options.compileCache }),
      APP_ID: String(APP.id),
      PRIVATE_KEY: secrets.appKey,
      WEBHOOK_SECRET: secrets.webhookSecret,
      WORKTRAIN_TICKET_KEY: secrets.ticketKey,
      WORKTRAIN_POLL_SECONDS: POLL_SECONDS,
      ...environment,
      // Its runner is a machine of somebody's own.
      ...(exchange === null ? {} : { WORKTRAIN_EXCHANGE_URL: exchange.url, WORKTRAIN_OIDC_ISSUER: exchange.issuer, WORKTRAIN_SELF_HOSTED: "allow" }),
      HOST: "127.0.0.1",
      PORT: String(port),
      LOG_LEVEL: "warn",
    },
  });
  const chunks: Uint8Array[] = [];
  child.onStdout((chunk) => chunks.push(chunk));
  child.onStderr((chunk) => chunks.push(chunk));
  const log = (): string => Buffer.concat(chunks).toString("utf8");
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await writeFile(join(options.directory, "app.log"), log());
    child.kill("SIGTERM");
    await child.exited;
  };
  if (await answers(child, url)) return { url, log, stop };
  await stop();
  throw new TerminalError(`The App did not start: ${log().trim().slice(-1000)}`, "Read what it said; please report it if nothing on this machine explains it.");
}

const START_TIMEOUT_MS = 30_000;

/** Waits until the App is healthy; false when it ended or took too long. */
async function answers(child: ChildProcess, url: string): Promise<boolean> {
  const ended = new AbortController();
  void child.exited.then(() => ended.abort());
  const deadline = nodeClock.monotonicMs() + START_TIMEOUT_MS;
  while (!ended.signal.aborted && nodeClock.monotonicMs() < deadline) {
    const response = await fetch(`${url}/healthz`).catch(() => null); // Not listening yet.
    if (response?.ok === true) return true;
    await nodeClock.sleep(50);
  }
  return false;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
