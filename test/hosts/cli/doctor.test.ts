/** doctor: on a machine, a clone and a local GitHub where all is well, and on one where as much as possible is not. */
import { generateKeyPairSync } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { lookAtApp, readManifest } from "../../../src/hosts/cli/doctor/app.ts";
import { lookOnGitHub } from "../../../src/hosts/cli/doctor/on-github.ts";
import { repositoryOf } from "../../../src/hosts/cli/doctor/repository.ts";
import { workflowFindings } from "../../../src/hosts/cli/doctor/workflow-file.ts";
import { nodeClock } from "../../../src/shared/node-ports.ts";
import { nodeProcesses } from "../../../src/shared/node-processes.ts";
import type { Processes } from "../../../src/shared/ports.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { requestError, scriptedGitHub, type Answer } from "../../fakes/github.ts";
import { TICKET_KEY_PEM, TICKET_PUBLIC_KEY } from "../../fakes/tickets.ts";
import { startWorld, writeFiles, type World } from "../demo/github/world.ts";
import { shell, type Ran, type Shell } from "./in-process.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const TEMPLATE = readFileSync(join(ROOT, "templates", "worktrain.yml"), "utf8");
const WORKFLOW = TEMPLATE.replaceAll("__ACTION__", `your-org/worktrain/action@${"a".repeat(40)}`).replaceAll("__PUBLIC_KEY__", TICKET_PUBLIC_KEY);
const MANIFEST = readManifest(readFileSync(join(ROOT, "app.yml"), "utf8"));

type Found = { readonly id: string; readonly ok: boolean | "unknown"; readonly what: string; readonly cure: string | null };
const found = ({ data }: Pick<Ran, "data">, id: string): Found | undefined => data.findings.find((each: Found) => each.id === id);
const idsOf = (said: Pick<Ran, "data">, ok: Found["ok"]): readonly string[] => said.data.findings.flatMap((each: Found) => (each.ok === ok ? [each.id] : []));

describe("with a local GitHub", () => {
  let world: World;
  let clone: string;
  beforeAll(async () => {
    world = await startWorld({ webhookUrl: "http://127.0.0.1:9/hook" });
    clone = join(world.directory, "first-clone");
  });
  afterAll(() => world.close());

  const inClone = (environment: Parameters<typeof shell>[0]["environment"] = {}, more: Parameters<typeof shell>[0]["world"] = {}): Shell =>
    shell({ data: join(world.directory, "data"), world: { workingDirectory: clone, ...more }, environment: { github: { apiUrl: world.github.url, token: "" }, ...environment } });
  /** A machine without bubblewrap; opening a sandbox takes longer than all else. */
  const bare: Processes = { ...nodeProcesses, run: (program, args, options) => nodeProcesses.run(program === "bwrap" ? "/nonexistent" : program, args, options) };
  const app = () => ({ id: "4242", privateKey: world.privateKeyPem, privateKeyPath: null, ticketKey: TICKET_KEY_PEM });

  test("a repository that is not set up: each thing that is wrong has its cure, what cannot be known is not called ok, and nothing is written", async () => {
    await world.git(clone, "remote", "add", "origin", "https://github.com/acme/calc.git");
    writeFiles(clone, { ".github/worktrain.yml": "lable: x\n" });
    const said = await inClone({ github: { apiUrl: world.github.url, token: world.maintainer } }).run("doctor");
    expect(said).toMatchObject({ exitCode: 1, data: { ok: false, repository: "acme/calc" } });
    expect(found(said, "local-config")).toMatchObject({ ok: false, what: ".github/worktrain.yml:1:1: Unknown key `lable`.", cure: "Did you mean `label`?" });
    expect(idsOf(said, false)).toEqual(expect.arrayContaining(["local-workflow-file", "workflow-file", "workflow", "label", "environments"]));
    expect(idsOf(said, "unknown")).toEqual(expect.arrayContaining(["app-credentials", "actions-policy", "retention", "artifact-storage"]));
    expect(idsOf(said, true)).toEqual(expect.arrayContaining(["node", "git", "ripgrep", "sandbox", "disk", "data-directory", "api", "clock", "rate-limit", "repository", "config"]));
    for (const each of said.data.findings) expect(each.ok === true || (each.cure ?? "").length > 10, each.id).toBe(true);
    expect(said.text.split("\n").length).toBe(said.data.findings.length + 1);
    expect(world.github.requests.filter(({ method, who }) => who === "mona" && method !== "GET" && method !== "POST")).toEqual([]);
  });

  test("one that is set up, seen with the App's own eyes: nothing is wrong, and every request is one that GitHub describes", async () => {
    writeFiles(clone, { ".github/worktrain.yml": "label: go\n", ".github/workflows/worktrain.yml": WORKFLOW });
    await world.git(clone, "add", "-A");
    await world.git(clone, "commit", "--quiet", "-m", "set up");
    await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "main");
    await world.call(world.maintainer, "POST", "/repos/acme/calc/labels", { name: "go" });
    world.github.setEnvironmentSecret("worktrain-agent", "ANTHROPIC_API_KEY", "k");
    world.github.setEnvironmentSecret("worktrain-deliver", "X", "k");
    await world.github.settled();
    const before = world.github.requests.length;
    const said = await inClone({ app: app() }, { processes: bare }).run("doctor");
    expect(idsOf(said, false)).toEqual(["sandbox", "webhooks"]);
    expect(found(said, "sandbox")?.cure).toContain("apt-get install bubblewrap");
    expect(found(said, "webhooks")).toMatchObject({ what: expect.stringMatching(/^\d+ of the last \d+ webhooks were not delivered; the newest is \w+ at /) });
    expect(idsOf(said, true)).toEqual(expect.arrayContaining(["app-credentials", "app-permissions", "app-events", "installation", "installation-permissions", "ticket-key", "local-ticket-key", "workflow", "workflow-file", "label", "environments"]));
    // Secrets' names and settings of Actions are not for the App to see: unknown, not ok.
    expect(idsOf(said, "unknown")).toEqual(expect.arrayContaining(["model-key", "actions-policy", "retention", "dispatch"]));
    assertRequestsConform(world.github.requests.slice(before));
    expect(world.github.requests.slice(before).filter(({ method }) => method !== "GET").map(({ path }) => path)).toEqual([`/app/installations/${world.installationId}/access_tokens`]);

    const owner = world.github.addUser("acme", "admin");
    const seen = await inClone({ github: { apiUrl: world.github.url, token: owner } }).run("doctor", "--repository", "acme/calc");
    expect(seen).toMatchObject({ exitCode: 0, data: { ok: true } });
    expect(idsOf(seen, true)).toEqual(expect.arrayContaining(["model-key", "actions-policy", "retention"]));
  });

  test("other keys, a clock that jumped, a token that is none, a server that is not there", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const otherTicket = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const keys = await inClone({ app: { ...app(), privateKey: other, ticketKey: otherTicket } }, { processes: bare }).run("doctor");
    expect(found(keys, "app-credentials")).toMatchObject({ ok: false, what: expect.stringContaining("A JSON web token could not be decoded") });
    expect(found(keys, "local-ticket-key")).toMatchObject({ ok: false, what: expect.stringContaining("every run would be refused") });
    expect(found(keys, "repository")).toMatchObject({ ok: "unknown", cure: expect.stringContaining("GITHUB_TOKEN") });

    const jumped = await inClone({ app: { ...app(), privateKey: "nonsense" } }, { processes: bare, clock: { ...nodeClock, nowMs: () => Date.now() + 3_600_000 } }).run("doctor");
    expect(found(jumped, "clock")).toMatchObject({ ok: false, what: expect.stringMatching(/clock is (3599|3600|3601) s ahead of GitHub's/) });
    expect(found(jumped, "app-credentials")).toMatchObject({ ok: false, what: "The App's private key is not in PEM format." });

    const stranger = await inClone({ github: { apiUrl: world.github.url, token: "ghp_000000000000000000000000000000000000" } }, { processes: bare }).run("doctor");
    expect(found(stranger, "token")).toMatchObject({ ok: false });
    const alone = await inClone({ github: { apiUrl: "http://127.0.0.1:9", token: "" }, path: "/nonexistent" }, { processes: bare }).run("doctor");
    expect(alone).toMatchObject({ exitCode: 1 });
    expect(idsOf(alone, false)).toEqual(expect.arrayContaining(["git", "ripgrep", "api"]));
    expect(found(alone, "api")?.cure).toContain("nothing on GitHub was looked at");
  });

  test("a data directory that cannot be made, and no clone", async () => {
    const place = join(world.directory, "locked");
    mkdirSync(place);
    execFileSync("git", ["init", "--quiet", place]);
    const said = await shell({ data: "/proc/nope", world: { workingDirectory: place, processes: bare } }).run("doctor");
    expect(found(said, "data-directory")).toMatchObject({ ok: false, what: expect.stringContaining("the system keeps its own files there") });
    expect(found(said, "local-workflow-file")).toBeUndefined();
    expect(await inClone({}, { workingDirectory: "/", processes: bare }).run("doctor")).toMatchObject({ data: { repository: null, findings: expect.arrayContaining([expect.objectContaining({ id: "repository", ok: "unknown" })]) } });
    expect(await inClone().refusal("doctor", "--repository", "calc")).toContain("is no name of a repository");
  });
});

test("the shipped template, filled in, is right; an older one, a changed line, an extra set-up step and two keys are told apart", () => {
  const wrong = (text: string | null): readonly string[] => workflowFindings(text, TEMPLATE, TICKET_PUBLIC_KEY).flatMap(({ ok, id, what }) => (ok === false ? [`${id}: ${what}`] : []));
  expect(wrong(WORKFLOW)).toEqual([]);
  expect(wrong(WORKFLOW.replace("      # Tools your project", "      - uses: actions/setup-node@v5\n      - run: npm ci\n      # Tools your project").replaceAll("runs-on: ubuntu-latest", "runs-on: [self-hosted]"))).toEqual([]);
  expect(wrong(TEMPLATE)).toEqual([expect.stringContaining("workflow-placeholders: .github/workflows/worktrain.yml still has placeholders")]);
  expect(wrong(WORKFLOW.replace("    cache-mode: read\n", ""))).toEqual([expect.stringContaining("it lacks `cache-mode: read`")]);
  expect(wrong(WORKFLOW.replace("      issues: read\n", "      issues: write\n"))).toEqual([expect.stringContaining("it lacks `issues: read`")]);
  expect(wrong(WORKFLOW.replace(/public-key: \S+/, `public-key: ${"A".repeat(59)}=`))).toEqual([expect.stringContaining("names 2 different keys")]);
  expect(wrong("jobs: {}\n")[0]).toMatch(/it lacks .* and \d+ more lines/);
  expect(parse(WORKFLOW)).toHaveProperty("jobs");
});

test.each([
  ["https://github.com/acme/shop.git", { owner: "acme", repo: "shop" }],
  ["git@github.com:acme/shop.git", { owner: "acme", repo: "shop" }],
  ["ssh://git@github.com/acme/my.shop", { owner: "acme", repo: "my.shop" }],
  ["/srv/git/shop", { owner: "git", repo: "shop" }],
  ["nonsense", null],
])("an origin %s", (url, repository) => {
  expect(repositoryOf(url)).toEqual(repository);
});

describe("what GitHub may answer", () => {
  const repository = { owner: "acme", repo: "shop" };
  const installed = { id: 5, permissions: { ...MANIFEST.default_permissions }, events: [], suspended_at: null };
  const answers = (more: Readonly<Record<string, Answer>>): Readonly<Record<string, Answer>> => ({
    "GET /app": () => ({ name: "WorkTrain", permissions: MANIFEST.default_permissions, events: MANIFEST.default_events }),
    "GET /repos/{owner}/{repo}/installation": () => installed,
    "GET /app/hook/deliveries": () => [],
    ...more,
  });
  const wrong = async (more: Readonly<Record<string, Answer>>): Promise<readonly string[]> => (await lookAtApp(scriptedGitHub(answers(more)), MANIFEST, repository)).findings.flatMap(({ ok, id, what }) => (ok === false ? [`${id}: ${what}`] : []));

  test("the App: permissions missing and too many, events missing, suspended, not installed, deliveries that failed and were made good", async () => {
    expect(await wrong({})).toEqual([]);
    expect(await wrong({ "GET /app": () => ({ name: "WorkTrain", permissions: { ...MANIFEST.default_permissions, checks: "read", administration: "write" }, events: ["issues"] }) })).toEqual([
      "app-permissions: The App WorkTrain lacks checks: write",
      "app-permissions-too-many: The App WorkTrain may do more than it needs: administration: write",
      expect.stringMatching(/^app-events: The App WorkTrain is not told issue_comment, /),
    ]);
    expect(await wrong({ "GET /repos/{owner}/{repo}/installation": () => ({ ...installed, permissions: {} }) })).toEqual([expect.stringContaining("installation-permissions: The installation on acme/shop lacks metadata: read")]);
    expect(await wrong({ "GET /repos/{owner}/{repo}/installation": () => ({ ...installed, suspended_at: "2026-01-01T00:00:00Z" }) })).toEqual([expect.stringContaining("is suspended since 2026-01-01")]);
    expect(await wrong({ "GET /repos/{owner}/{repo}/installation": () => { throw requestError(404, "Not Found"); } })).toEqual(["installation: WorkTrain is not installed on acme/shop."]);
    const delivery = (guid: string, code: number) => ({ guid, delivered_at: "2026-01-01T00:00:00Z", status: code === 200 ? "OK" : "Unauthorized", status_code: code, event: "issues" });
    expect(await wrong({ "GET /app/hook/deliveries": () => [delivery("a", 200), delivery("a", 401)] })).toEqual([]);
    expect(await wrong({ "GET /app/hook/deliveries": () => [delivery("b", 401), delivery("a", 200)] })).toEqual(["webhooks: 1 of the last 2 webhooks were not delivered; the newest is issues at 2026-01-01T00:00:00Z: 401 Unauthorized"]);
  });

  test("the repository: policies that block, and settings that lose the record", async () => {
    const github = scriptedGitHub({
      "GET /repos/{owner}/{repo}": () => ({ id: 1, name: "shop", owner: { login: "acme" }, default_branch: "main", archived: false, html_url: "https://github.com/acme/shop" }),
      "GET /repos/{owner}/{repo}/labels/{name}": () => ({}),
      "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}": () => ({ state: "disabled_inactivity" }),
      "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs": () => ({ workflow_runs: [{ display_title: "WorkTrain", created_at: "2026-01-01T00:00:00Z" }] }),
      "GET /repos/{owner}/{repo}/actions/permissions": () => ({ enabled: false }),
      "GET /repos/{owner}/{repo}/actions/permissions/artifact-and-log-retention": () => ({ days: 1, maximum_allowed_days: 90 }),
      "GET /repos/{owner}/{repo}/environments": () => ({ environments: [{ name: "worktrain-agent" }, { name: "worktrain-deliver" }] }),
      "GET /repos/{owner}/{repo}/environments/{environment_name}/secrets": () => ({ secrets: [{ name: "OTHER" }] }),
      "GET /repos/{owner}/{repo}/actions/artifacts": () => { throw requestError(502, "Bad Gateway"); },
    });
    const findings = await lookOnGitHub({ github, repository, template: TEMPLATE, ticketKey: null });
    const said = { data: { findings } };
    expect(idsOf(said, false)).toEqual(["workflow-file", "workflow", "actions-policy", "model-key", "retention"]);
    expect(found(said, "artifact-storage")).toMatchObject({ ok: "unknown", what: "GitHub did not answer" });
    expect(found(said, "dispatch")).toMatchObject({ ok: true });
  });
});
