/**
 * The exchange over the wire: the real App, the local GitHub, an issuer with keys of its own. Each claim wrong in turn is refused; the answer is
 * the same each time, and which one it was stands in the log.
 */
import { generateKeyPairSync } from "node:crypto";
import { generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { EXCHANGE_GROUPS, signTicket, verifyTicket, publicTicketKey, type ExchangeGroup } from "../../../src/github/trust/index.ts";
import { startIdentityService, type IdentityClaims, type IdentityService } from "../../../src/hosts/demo/actions/identity/identity-service.ts";
import { assertRequestsConform } from "../../contract/openapi.ts";
import { startAppWorld, WORKFLOW_TEXT, type AppWorld } from "./app-world.ts";
import { PEM, ticketKeyPem } from "./running-app.ts";

const URL_OF_EXCHANGE = "https://worktrain.example.com/api/exchange";
const REFUSED = { status: 403, body: { message: "The exchange was refused. The App's log says why." } };

let issuer: IdentityService;
let world: AppWorld;
/** Of the App. */
let nowMs = (): number => Date.now();
let skewMs = 0;
beforeAll(async () => {
  issuer = await startIdentityService({ clock: { nowMs: () => nowMs() + skewMs } });
  world = await startAppWorld({ environment: { WORKTRAIN_EXCHANGE_URL: URL_OF_EXCHANGE, WORKTRAIN_ACTION: `acme/worktrain/action@${"a".repeat(40)}, acme/worktrain/action@${"b".repeat(40)}`, WORKTRAIN_OIDC_ISSUER: issuer.issuer } });
  nowMs = () => world.clock.nowMs();
  await dispatched();
});
afterAll(async () => {
  assertRequestsConform(world.github.requests);
  await world.close();
  await issuer.close();
});

let runId: number;
let jobId: number;
let ticket: string;
let claims: IdentityClaims;

/** A run of the App with its deliver job in progress, and what GitHub vouches for of that job. */
async function dispatched(): Promise<void> {
  const issue = await world.openIssue("add subtracts", "");
  await world.label(issue);
  await world.quiet();
  const [run] = world.runs(issue);
  if (run === undefined) throw new Error("nothing was dispatched");
  runId = run.id;
  ticket = run.inputs["ticket"] ?? "";
  await world.updateRun(runId, { status: "in_progress" });
  jobId = startJob("deliver");
  const state = world.github.state();
  const record = state.runs.get(runId);
  claims = {
    repository: "acme/calc",
    repository_id: String(world.repositoryId),
    repository_owner_id: String(state.repositories.get(world.repositoryId)?.owner.id),
    repository_visibility: "public",
    event_name: "workflow_dispatch",
    ref: "refs/heads/main",
    workflow_ref: "acme/calc/.github/workflows/worktrain.yml@refs/heads/main",
    workflow_sha: record?.headSha ?? "",
    job_workflow_ref: "acme/calc/.github/workflows/worktrain.yml@refs/heads/main",
    job_workflow_sha: record?.headSha ?? "",
    environment: "worktrain-deliver",
    run_id: String(runId),
    run_attempt: "1",
    check_run_id: String(jobId),
    actor_id: String(state.accounts.get("worktrain[bot]")?.id),
    runner_environment: "github-hosted",
    // Whatever this says decides nothing.
    sub: "repo:evil/evil:environment:elsewhere",
  };
}

const startJob = (name: string): number => world.github.actions.createJob(runId, { name, permissions: {} }).jobId;

async function idToken(of: IdentityClaims, audience: string = URL_OF_EXCHANGE): Promise<string> {
  const job = issuer.openJob(of);
  const response = await fetch(`${job.url}&audience=${encodeURIComponent(audience)}`, { headers: { authorization: `Bearer ${job.token}` } });
  const { value } = (await response.json()) as { value: string };
  return value;
}

interface Call {
  readonly token?: string;
  readonly ticket?: string;
  readonly group?: string;
}

async function exchange({ token, ticket: given = ticket, group = "talk" }: Call = {}) {
  const response = await fetch(`${world.appUrl()}/api/exchange`, {
    method: "POST",
    headers: { authorization: `Bearer ${token ?? (await idToken(claims))}`, "content-type": "application/json" },
    body: JSON.stringify({ group, ticket: given }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  const body: any = await response.json();
  return { status: response.status, body };
}

beforeEach(() => void world.logged.splice(0));

const loggedClaims = (): readonly unknown[] => world.logged.filter((line) => line.msg === "exchange refused").map(({ fields }) => fields["claim"]);

test.each(Object.keys(EXCHANGE_GROUPS) as ExchangeGroup[])("group %s: a token of this repository with just its permissions, as often as the job asks", async (group) => {
  for (let times = 0; times < 2; times += 1) {
    const { status, body } = await exchange({ group });
    expect(status).toBe(200);
    expect(body.app).toEqual({ id: world.github.state().app.id, slug: "worktrain" });
    const granted = [...world.github.state().tokens.values()].findLast((each) => each.kind === "installation");
    expect(granted).toMatchObject({ repositoryIds: new Set([world.repositoryId]), permissions: { ...EXCHANGE_GROUPS[group], metadata: "read" } });
    expect((await world.call(body.token, "GET", "/repos/acme/calc")).status).toBe(200);
  }
  expect(loggedClaims()).toEqual([]);
});

test.each<[claim: string, value: string | undefined]>([
  ["repository_id", "999"],
  ["repository_owner_id", "999"],
  ["event_name", "push"],
  ["ref", "refs/heads/evil"],
  ["workflow_ref", "acme/calc/.github/workflows/evil.yml@refs/heads/main"],
  ["workflow_ref", "acme/calc/.github/workflows/worktrain.yml@refs/heads/evil"],
  ["job_workflow_ref", "evil/evil/.github/workflows/deliver.yml@refs/heads/main"],
  ["job_workflow_sha", "f".repeat(40)],
  ["environment", "worktrain-agent"],
  ["environment", undefined],
  ["run_id", "999999"],
  ["run_attempt", "2"],
  ["check_run_id", "999999"],
  ["actor_id", "1"],
  ["runner_environment", "self-hosted"],
  ["repository", "acme/other"],
  ["workflow_sha", "f".repeat(40)],
])("a token whose %s is %s is refused, and the log alone says which", async (claim, value) => {
  const changed = Object.fromEntries(Object.entries({ ...claims, [claim]: value }).filter((entry): entry is [string, string] => entry[1] !== undefined));
  expect(await exchange({ token: await idToken(changed) })).toEqual(REFUSED);
  expect(loggedClaims()).toEqual([claim]);
});

test("I9: a token without one of the claims is refused, whichever it is", async () => {
  const needed = ["repository", "repository_id", "repository_owner_id", "repository_visibility", "event_name", "ref", "workflow_ref", "workflow_sha", "job_workflow_ref", "job_workflow_sha", "environment", "run_id", "run_attempt", "check_run_id", "actor_id", "runner_environment"];
  for (const claim of needed) {
    expect(claims).toHaveProperty(claim);
    expect([claim, await exchange({ token: await idToken(Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim))) })]).toEqual([claim, REFUSED]);
  }
  expect(loggedClaims()).toEqual(needed);
});

test("a private repository's job may be without an environment, of which its plan may have none", async () => {
  const { environment: _none, ...rest } = claims;
  expect((await exchange({ token: await idToken({ ...rest, repository_visibility: "private" }) })).status).toBe(200);
});

test("a token for somebody else, or out of date", async () => {
  expect(await exchange({ token: await idToken(claims, "https://github.com/acme") })).toEqual(REFUSED);
  skewMs = -600_000;
  const old = await idToken(claims);
  skewMs = 600_000;
  const early = await idToken(claims);
  skewMs = 0;
  expect(await exchange({ token: old })).toEqual(REFUSED);
  expect(await exchange({ token: early })).toEqual(REFUSED);
  expect(loggedClaims()).toEqual(["aud", "exp", "nbf"]);
});

test("no signature, one by a symmetric key, another algorithm, a key of nobody's, a changed claim, no token at all", async () => {
  const times = (jwt: SignJWT) => jwt.setIssuer(issuer.issuer).setAudience(URL_OF_EXCHANGE).setIssuedAt().setNotBefore("0s").setExpirationTime("5m");
  const { keys } = (await (await fetch(`${issuer.issuer}/.well-known/jwks`)).json()) as { keys: { kid: string; n: string }[] };
  const kid = keys[0]?.kid ?? "";
  const own = await generateKeyPair("RS256");
  const other = await generateKeyPair("PS256");
  const [head = "", , signature = ""] = (await idToken(claims)).split(".");
  const forged = [
    new UnsecuredJWT(claims).setIssuer(issuer.issuer).setAudience(URL_OF_EXCHANGE).setIssuedAt().setExpirationTime("5m").encode() + "AA",
    await times(new SignJWT(claims)).setProtectedHeader({ alg: "HS256", kid }).sign(Buffer.from(keys[0]?.n ?? "", "base64url")),
    await times(new SignJWT(claims)).setProtectedHeader({ alg: "PS256", kid }).sign(other.privateKey),
    await times(new SignJWT(claims)).setProtectedHeader({ alg: "RS256", kid }).sign(own.privateKey),
    await times(new SignJWT(claims)).setProtectedHeader({ alg: "RS256", kid: "mine" }).sign(own.privateKey),
    `${head}.${Buffer.from(JSON.stringify({ ...claims, iss: issuer.issuer, aud: URL_OF_EXCHANGE, iat: 1, nbf: 1, exp: 9_999_999_999 })).toString("base64url")}.${signature}`,
  ];
  for (const token of forged) expect(await exchange({ token })).toEqual(REFUSED);
  expect(loggedClaims()).toEqual(["alg", "alg", "alg", "signature", "kid", "signature"]);
  expect((await exchange({ token: "nothing" })).status).toBe(400);
  expect((await exchange({ group: "everything" })).status).toBe(400);
  expect((await fetch(`${world.appUrl()}/api/exchange`)).status).toBe(405);
});

test("another issuer's token, however good", async () => {
  const elsewhere = await startIdentityService({ clock: { nowMs: () => Date.now() } });
  const job = elsewhere.openJob(claims);
  const response = await fetch(`${job.url}&audience=${encodeURIComponent(URL_OF_EXCHANGE)}`, { headers: { authorization: `Bearer ${job.token}` } });
  const { value } = (await response.json()) as { value: string };
  await elsewhere.close();
  expect(await exchange({ token: value })).toEqual(REFUSED);
});

test("the issuer's new key is fetched when a token names it, and not more often than every half minute", async () => {
  await issuer.rotate();
  expect(await exchange()).toEqual(REFUSED);
  await world.clock.advance(31_000);
  expect((await exchange()).status).toBe(200);
});

test("a ticket of another App, of another run, of another repository", async () => {
  const mine = verifyTicket(ticket, publicTicketKey(ticketKeyPem), { runCreatedAt: new Date().toISOString() });
  if (!mine.ok) throw new Error(mine.error.message);
  const foreign = generateKeyPairSync("ed25519").privateKey.export(PEM).toString();
  expect(await exchange({ ticket: signTicket(mine.value, foreign) })).toEqual(REFUSED);
  expect(await exchange({ ticket: signTicket({ ...mine.value, key: "f".repeat(32) }, ticketKeyPem) })).toEqual(REFUSED);
  expect(await exchange({ ticket: signTicket({ ...mine.value, repositoryId: 999 }, ticketKeyPem) })).toEqual(REFUSED);
  expect(await exchange({ ticket: signTicket({ ...mine.value, expiresAt: "2020-01-01T00:00:00.000Z" }, ticketKeyPem) })).toEqual(REFUSED);
  expect(loggedClaims()).toEqual(["ticket", "run_id", "repository_id", "ticket"]);
});

test("before a ticket of ours is shown, nothing is asked of GitHub", async () => {
  const before = world.github.requests.length;
  expect(await exchange({ ticket: "x.y" })).toEqual(REFUSED);
  expect(await exchange({ token: await idToken({ ...claims, repository_id: "999" }) })).toEqual(REFUSED);
  expect(world.github.requests.length).toBe(before);
});

test("the agent job's token, and that of a job of another run", async () => {
  const agent = startJob("agent");
  expect(await exchange({ token: await idToken({ ...claims, check_run_id: String(agent), environment: "worktrain-agent" }) })).toEqual(REFUSED);
  const before = { jobId, ticket, claims };
  await dispatched();
  expect(await exchange({ token: await idToken({ ...claims, check_run_id: String(before.jobId) }) })).toEqual(REFUSED);
  expect(await exchange({ token: await idToken(before.claims) })).toEqual(REFUSED);
  expect(loggedClaims()).toEqual(["check_run_id", "check_run_id", "run_id"]);
});

test("a workflow file that was changed since the run began", async () => {
  await world.commit({ ".github/workflows/worktrain.yml": `${WORKFLOW_TEXT}# changed\n` });
  expect(await exchange()).toEqual(REFUSED);
  expect(loggedClaims()).toEqual(["workflow_sha"]);
  await world.commit({ ".github/workflows/worktrain.yml": WORKFLOW_TEXT });
  expect((await exchange()).status).toBe(200);
});

test.each<[what: string, edit: (text: string) => string, claim: string | null]>([
  ["another commit of the action", (text) => text.replaceAll("a".repeat(40), "c".repeat(40)), "job_workflow_sha"],
  ["a fork of the action", (text) => text.replaceAll("acme/worktrain/action@", "evil/worktrain/action@"), "job_workflow_sha"],
  ["a branch of the action", (text) => text.replaceAll("a".repeat(40), "main"), "job_workflow_sha"],
  ["an earlier commit that the operator names", (text) => text.replaceAll("a".repeat(40), "b".repeat(40)), null],
  ["a step beside it", (text) => text.replace(/( {6})- uses: (\S+)\n {8}with:\n {10}job: deliver\n/, "$1- run: evil\n$&"), "job_workflow_ref"],
  ["variables of the step", (text) => text.replace(/ {8}with:\n {10}job: deliver\n/, "        env: { NODE_OPTIONS: --require=/tmp/evil.js }\n$&"), "job_workflow_ref"],
  ["variables of the job", (text) => text.replace("  deliver:\n", "$&    env: { NODE_OPTIONS: --require=/tmp/evil.js }\n"), "job_workflow_ref"],
  ["variables of the file", (text) => text.replace("\njobs:\n", "\nenv: { NODE_OPTIONS: --require=/tmp/evil.js }\n$&"), "job_workflow_ref"],
  ["a container", (text) => text.replace("  deliver:\n", "$&    container: evil/image\n"), "job_workflow_ref"],
  ["a job of another id that shows itself as it", (text) => text.replace("\njobs:\n", "$&  evil:\n    name: Deliver\n    runs-on: ubuntu-latest\n    steps: [{ run: evil }]\n"), "job_workflow_ref"],
  ["a job whose name is not known before", (text) => text.replace("\njobs:\n", "$&  evil:\n    name: ${{ github.job }}\n    runs-on: ubuntu-latest\n    steps: [{ run: evil }]\n"), "job_workflow_ref"],
  ["a step behind a line's end that not every reader of YAML sees", (text) => text.replace(/ {6}- uses: \S+\n {8}with:\n {10}job: deliver\n/, "      # note\r      - run: evil\n$&"), "job_workflow_ref"],
  ["the same, by a separator of Unicode", (text) => text.replace(/ {6}- uses: \S+\n {8}with:\n {10}job: deliver\n/, "      # note\u2028      - run: evil\n$&"), "job_workflow_ref"],
  ["no YAML", () => "jobs: {", "job_workflow_ref"],
  ["set-up steps in the agent job, and another runner", (text) => text.replace("      # Tools your project needs", "      - run: npm ci\n$&").replace(/(  deliver:\n(?:.*\n)*?    runs-on: )ubuntu-latest/, "$1ubuntu-24.04"), null],
])("a deliver job with %s", async (_, edit, claim) => {
  const text = edit(WORKFLOW_TEXT);
  expect(text).not.toBe(WORKFLOW_TEXT);
  await world.commit({ ".github/workflows/worktrain.yml": text });
  const { sha } = (await world.call(world.maintainer, "GET", "/repos/acme/calc/branches/main")).body.commit;
  const { status } = await exchange({ token: await idToken({ ...claims, workflow_sha: sha, job_workflow_sha: sha }) });
  expect([status, ...loggedClaims()]).toEqual(claim === null ? [200] : [403, claim]);
  await world.commit({ ".github/workflows/worktrain.yml": WORKFLOW_TEXT });
});

test("work whose result this App could not publish is not begun: the label is answered with why and what to do", async () => {
  const named = WORKFLOW_TEXT.replace("# exchange-url: the App's WORKTRAIN_EXCHANGE_URL", `exchange-url: ${URL_OF_EXCHANGE}`);
  await world.commit({ ".github/workflows/worktrain.yml": named.replaceAll("a".repeat(40), "c".repeat(40)) });
  const issue = await world.openIssue("add divides", "");
  await world.label(issue);
  await world.quiet();
  expect(world.runs(issue)).toEqual([]);
  const said = async () => (await world.comments(issue)).map(({ body }: { readonly body: string }) => body).join("\n");
  expect(await said()).toMatch(/could not be published as the App: in \.github\/workflows\/worktrain\.yml, the job deliver uses `acme\/worktrain\/action@.?c{40}`, which WORKTRAIN_ACTION does not name/);
  expect(await said()).toContain("remove the label and add it again");
  await world.commit({ ".github/workflows/worktrain.yml": named });
  world.later(2_000);
  await world.unlabel(issue);
  await world.label(issue);
  await world.quiet();
  expect(world.runs(issue)).toHaveLength(1);
  await world.commit({ ".github/workflows/worktrain.yml": WORKFLOW_TEXT });
});

test("after the job's end its token, though still in date, is refused", async () => {
  const token = await idToken(claims);
  world.github.actions.updateJob(jobId, { status: "completed", conclusion: "success" });
  expect(await exchange({ token })).toEqual(REFUSED);
  expect(loggedClaims()).toEqual(["check_run_id"]);
});

test("the run that answers a question has tokens like any other, and none by another question's ticket", async () => {
  const issue = await world.openIssue("add multiplies", "");
  await world.label(issue);
  await world.quiet();
  const asking = async () => {
    world.later(2_000);
    await world.call(world.maintainer, "POST", `/repos/acme/calc/issues/${issue}/comments`, { body: "/worktrain why" });
    await world.quiet();
    const run = [...world.github.state().runs.values()].findLast(({ displayTitle }) => displayTitle.includes(`/ask-${issue}-`));
    if (run === undefined) throw new Error("nothing was dispatched");
    await world.updateRun(run.id, { status: "in_progress" });
    runId = run.id;
    const job = startJob("deliver");
    return { ticket: run.inputs["ticket"] ?? "", token: await idToken({ ...claims, run_id: String(run.id), check_run_id: String(job), workflow_sha: run.headSha, job_workflow_sha: run.headSha }) };
  };
  const [first, second] = [await asking(), await asking()];
  expect(await exchange(first)).toMatchObject({ status: 200 });
  expect(await exchange({ token: second.token, ticket: first.ticket })).toEqual(REFUSED);
  expect(loggedClaims()).toEqual(["run_id"]);
});

/** Last: what is left of the fault would meet the tests after it. */
test("GitHub is down: not refused, and to be asked again", async () => {
  jobId = startJob("deliver");
  world.github.failNext({ method: "GET", route: "/repos/{owner}/{repo}/installation", status: 503, times: 20 });
  const asked = exchange();
  const answered = new AbortController();
  void asked.finally(() => answered.abort());
  while (!answered.signal.aborted) {
    await world.clock.advance(2_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await asked).status).toBe(503);
});
