import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startLocalGitHub, type LocalGitHub, type LocalGitHubOptions } from "../../../../src/hosts/demo/github/index.ts";
import { checkResponse } from "../../../contract/openapi.ts";
import { nodeProcesses } from "../../../../src/shared/node-processes.ts";

/** WorkTrain's App as its manifest asks for it. */
export const APP_PERMISSIONS = {
  metadata: "read",
  actions: "write",
  checks: "write",
  contents: "write",
  issues: "write",
  merge_queues: "read",
  pull_requests: "write",
  statuses: "read",
} as const;

export const WEBHOOK_SECRET = "a webhook secret of the tests";

const WORKFLOW = `
name: Train
run-name: Train \${{ inputs.key }}
on:
  workflow_dispatch:
    inputs:
      key: { required: true, type: string }
      note: { type: string, default: none }
jobs: {}
`;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // What is asked for in it is what each test states.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/** A local GitHub with one repository that has a commit on main, an App installed on it, and a maintainer. */
export interface World {
  readonly github: LocalGitHub;
  readonly directory: string;
  readonly privateKeyPem: string;
  readonly repositoryId: number;
  readonly installationId: number;
  readonly maintainer: string;
  /** A token of the App for everything it may do. */
  readonly app: string;
  appJwt(overrides?: Readonly<Record<string, unknown>>): string;
  call(token: string | null, method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  git(directory: string, ...args: string[]): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
  /** The repository's address with a token in it. */
  remote(token: string): string;
  close(): Promise<void>;
}

/** Of the App in every world of a file. */
const keys = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export async function startWorld(
  options: Partial<LocalGitHubOptions> & { readonly webhookUrl?: string; readonly visibility?: "public" | "private"; readonly morePermissions?: Readonly<Record<string, "read" | "write">>; /** In the first commit, beside its own. */ readonly files?: Readonly<Record<string, string>> } = {},
): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "local-github-test-"));
  const github = await startLocalGitHub({
    directory,
    app: {
      id: 4242,
      slug: "worktrain",
      publicKeyPem: keys.publicKey,
      permissions: { ...APP_PERMISSIONS, ...options.morePermissions },
      webhookSecret: WEBHOOK_SECRET,
      ...(options.webhookUrl === undefined ? {} : { webhookUrl: options.webhookUrl }),
    },
    ...(options.clock === undefined ? {} : { clock: options.clock }),
  });
  const repository = await github.createRepository({
    owner: "acme",
    name: "calc",
    ...(options.visibility === undefined ? {} : { visibility: options.visibility }),
  });
  const maintainer = github.addUser("mona", "maintain");
  const installationId = github.installApp(repository.id);
  const nowMs = (): number => options.clock?.nowMs() ?? Date.now();

  const appJwt = (overrides: Readonly<Record<string, unknown>> = {}): string => {
    const seconds = Math.floor(nowMs() / 1000);
    const text = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: seconds - 30, exp: seconds + 500, iss: 4242, ...overrides })}`;
    return `${text}.${sign("RSA-SHA256", Buffer.from(text), keys.privateKey).toString("base64url")}`;
  };
  const call: World["call"] = async (token, method, path, body, headers = {}) => {
    const response = await fetch(path.startsWith("http") ? path : github.url + path, {
      method,
      redirect: "manual",
      headers: { "user-agent": "tests", ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    const answered: Answered = { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
    const undescribed =
      path.startsWith("/") && isJson ? checkResponse({ method, path: path.split("?")[0] ?? "", status: answered.status, answer: answered.body }) : [];
    // An undescribed route is what a test asks for when it wants the 404.
    if (answered.status < 400 && undescribed.length > 0) throw new Error(`The answer is not as GitHub describes it:\n${undescribed.join("\n")}`);
    return answered;
  };
  const git: World["git"] = async (cwd, ...args) => {
    const identity = ["-c", "user.name=Mona", "-c", "user.email=mona@example.test", "-c", "init.defaultBranch=main"];
    const result = await nodeProcesses.run("git", [...identity, ...args], {
      cwd,
      env: { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: directory, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" },
    });
    return { code: result.exitCode, out: Buffer.from(result.stdout).toString(), err: Buffer.from(result.stderr).toString() };
  };
  const remote = (token: string): string => `${github.url.replace("http://", `http://x-access-token:${token}@`)}/acme/calc.git`;

  const clone = join(directory, "first-clone");
  writeFiles(clone, { "README.md": "# calc\n", "src/add.js": "export const add = (a, b) => a - b;\n", ".github/workflows/train.yml": WORKFLOW, ...options.files });
  await git(clone, "init", "--quiet", "--template=");
  await git(clone, "add", "-A");
  await git(clone, "commit", "--quiet", "-m", "first");
  const pushed = await git(clone, "push", "--quiet", remote(maintainer), "main");
  if (pushed.code !== 0) throw new Error(`the first push failed: ${pushed.err}`);
  await github.settled();

  const granted = await call(appJwt(), "POST", `/app/installations/${installationId}/access_tokens`);
  return {
    github,
    directory,
    privateKeyPem: keys.privateKey,
    repositoryId: repository.id,
    installationId,
    maintainer,
    app: granted.body.token,
    appJwt,
    call,
    git,
    remote,
    async close() {
      await github.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}
