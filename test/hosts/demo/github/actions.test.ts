import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { QueuedRun } from "../../../../src/hosts/demo/github/index.ts";
import { fakeClock } from "../../../fakes/clock.ts";
import { assertRequestsConform } from "../../../contract/openapi.ts";
import { startWorld, writeFiles, type World } from "./world.ts";

const REPO = "/repos/acme/calc";
const clock = fakeClock(Date.parse("2026-11-20T10:00:00Z"));
let world: World;
const queued: QueuedRun[] = [];
beforeAll(async () => {
  world = await startWorld({ clock });
  world.github.actions.onDispatch((run) => {
    queued.push(run);
    world.github.actions.setRunName(run.id, `Train ${run.inputs["key"]}`);
  });
});
afterAll(() => world.close());

const dispatch = (body: object, workflow = "train.yml") => world.call(world.app, "POST", `${REPO}/actions/workflows/${workflow}/dispatches`, body);
async function newRun(key: string): Promise<number> {
  return (await dispatch({ ref: "main", inputs: { key }, return_run_details: true })).body.workflow_run_id;
}

test("a dispatch makes a run that can be found by its name at once (fault 32), with defaults filled in", async () => {
  const id = await newRun("k-1");
  expect(queued.at(-1)).toMatchObject({
    id,
    attempt: 1,
    workflowPath: ".github/workflows/train.yml",
    headBranch: "main",
    event: "workflow_dispatch",
    inputs: { key: "k-1", note: "none" },
    actor: "worktrain[bot]",
  });
  expect(queued.at(-1)?.workflowText).toContain("run-name: Train");
  const listed = await world.call(
    world.app,
    "GET",
    `${REPO}/actions/workflows/train.yml/runs?event=workflow_dispatch&created=${encodeURIComponent(">=2026-11-20T09:59:00Z")}`,
  );
  expect(listed.body.workflow_runs.map((run: { display_title: string; status: string }) => [run.display_title, run.status])).toEqual([
    ["Train k-1", "queued"],
  ]);
  expect((await world.call(world.app, "GET", `${REPO}/actions/runs?created=${encodeURIComponent("<2026-11-20")}`)).body.total_count).toBe(0);
});

test("fault 33: without return_run_details the answer is an empty 204", async () => {
  expect(await dispatch({ ref: "main", inputs: { key: "k-2" } })).toMatchObject({ status: 204, body: "" });
});

test.each([
  { why: "a missing required input", body: { ref: "main", inputs: {} }, says: "Required input 'key' not provided" },
  { why: "an unknown input", body: { ref: "main", inputs: { key: "k", extra: "1" } }, says: 'Unexpected inputs provided: ["extra"]' },
  {
    why: "more than 25 inputs",
    body: { ref: "main", inputs: Object.fromEntries(Array.from({ length: 26 }, (_, index) => [`i${index}`, ""])) },
    says: "up to 25",
  },
  { why: "more than 65,535 characters", body: { ref: "main", inputs: { key: "x".repeat(65_535) } }, says: "inputs are too large." },
  { why: "an unknown branch", body: { ref: "absent", inputs: { key: "k" } }, says: "No ref found for: absent" },
])("fault 33: $why is a 422 that says so", async ({ body, says }) => {
  const refused = await dispatch(body);
  expect(refused.status).toBe(422);
  expect(refused.body.message).toContain(says);
});

test("fault 33: a workflow that is not on the default branch is 404, one without the trigger 422", async () => {
  expect((await dispatch({ ref: "main" }, "absent.yml")).status).toBe(404);
  const clone = join(world.directory, "first-clone");
  writeFiles(clone, { ".github/workflows/push.yml": "on: push\njobs: {}\n" });
  await world.git(clone, "add", "-A");
  await world.git(clone, "commit", "--quiet", "-m", "another workflow");
  await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "HEAD:main");
  expect((await dispatch({ ref: "main" }, "push.yml")).body.message).toBe("Workflow does not have 'workflow_dispatch' trigger");
});

test("a job's token may what its permissions say, and dies with the job", async () => {
  const runId = await newRun("k-3");
  const { jobId, token } = world.github.actions.createJob(runId, {
    name: "agent",
    permissions: { contents: "read", issues: "write", "pull-requests": "none" },
  });
  expect(token).toMatch(/^ghs_15368_[A-Za-z0-9._-]{480,}$/);
  expect((await world.call(token, "GET", `${REPO}/contents/README.md`)).status).toBe(200);
  expect((await world.call(token, "POST", `${REPO}/git/blobs`, { content: "x" })).status).toBe(403);
  expect((await world.call(token, "GET", `${REPO}/pulls`)).status).toBe(403);
  const { number } = (await world.call(token, "POST", `${REPO}/issues`, { title: "by a job" })).body;
  expect((await world.call(world.app, "GET", `${REPO}/issues/${number}`)).body).toMatchObject({
    user: { login: "github-actions[bot]" },
    performed_via_github_app: { id: 15_368 },
  });
  expect(world.github.requests.findLast((request) => request.token === "job")).toMatchObject({ who: "agent", jobId });
  world.github.actions.updateJob(jobId, { status: "completed", conclusion: "success" });
  expect((await world.call(token, "GET", `${REPO}/contents/README.md`)).status).toBe(401);
  expect((await world.call(world.app, "GET", `${REPO}/actions/runs/${runId}/jobs`)).body.jobs).toMatchObject([
    { id: jobId, name: "agent", status: "completed", conclusion: "success" },
  ]);
});

test("a completed run ends its jobs, keeps its conclusion and cannot be cancelled", async () => {
  const runId = await newRun("k-4");
  const cancelled: number[] = [];
  world.github.actions.onCancel((id) => cancelled.push(id));
  const { jobId, token } = world.github.actions.createJob(runId, { name: "agent", permissions: { contents: "read" } });
  world.github.actions.updateRun(runId, { status: "in_progress" });
  expect((await world.call(world.app, "POST", `${REPO}/actions/runs/${runId}/cancel`)).status).toBe(202);
  expect(cancelled).toEqual([runId]);
  world.github.actions.updateRun(runId, { status: "completed", conclusion: "failure" });
  expect((await world.call(world.app, "GET", `${REPO}/actions/runs/${runId}`)).body).toMatchObject({ status: "completed", conclusion: "failure" });
  expect((await world.call(world.app, "GET", `${REPO}/actions/jobs/${jobId}`)).body.conclusion).toBe("cancelled");
  expect((await world.call(token, "GET", REPO)).status).toBe(401);
  expect((await world.call(world.app, "POST", `${REPO}/actions/runs/${runId}/cancel`)).status).toBe(409);
  expect((await world.call(world.app, "GET", `${REPO}/actions/runs?status=failure`)).body.workflow_runs.map((run: { id: number }) => run.id)).toEqual(
    [runId],
  );
});

test("artifacts are listed at once, downloaded by a link that dies after a minute, and immutable", async () => {
  const runId = await newRun("k-5");
  const bytes = "one segment";
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  writeFiles(world.directory, { "segment.bin": bytes });
  const wish = {
    name: "segment-1",
    size: bytes.length,
    digest,
    bytesPath: join(world.directory, "segment.bin"),
    contentType: "application/octet-stream",
  };
  const { id } = world.github.actions.addArtifact(runId, wish);
  expect(() => world.github.actions.addArtifact(runId, wish)).toThrow("already");
  const listed = await world.call(world.app, "GET", `${REPO}/actions/runs/${runId}/artifacts?name=segment-1`);
  expect(listed.body).toMatchObject({ total_count: 1, artifacts: [{ id, digest, size_in_bytes: 11, workflow_run: { id: runId } }] });
  expect((await world.call(world.app, "GET", `${REPO}/actions/artifacts/${id}`)).body.expired).toBe(false);

  const link = (await world.call(world.app, "GET", `${REPO}/actions/artifacts/${id}/zip`)).headers.get("location") ?? "";
  expect(new URL(link).origin).not.toBe(world.github.url);
  const download = await fetch(link);
  expect([download.status, download.headers.get("content-type"), await download.text()]).toEqual([200, "application/octet-stream", bytes]);
  expect((await fetch(link.replace(`/artifacts/${id}`, `/artifacts/${id + 1}`))).status).toBe(403);
  expect((await fetch(link, { headers: { authorization: `Bearer ${world.app}` } })).status).toBe(403);
  await clock.advance(61_000);
  expect((await fetch(link)).status).toBe(403);
});

test("attack 14: what belongs to another repository is not found in this one", async () => {
  const runId = await newRun("k-6");
  const other = await world.github.createRepository({ owner: "evil", name: "other" });
  world.github.installApp(other.id);
  const owner = world.github.addUser("evil", "admin");
  expect((await world.call(owner, "GET", `/repos/evil/other/actions/runs/${runId}`)).status).toBe(404);
  expect((await world.call(owner, "GET", `${REPO}/actions/runs/${runId}`)).status).toBe(200);
  expect((await world.call(world.app, "GET", `/repos/evil/other/actions/runs/${runId}`)).status).toBe(404);
});

test("secrets of an environment come before those of the repository", () => {
  world.github.setEnvironmentSecret("", "KEY", "of the repository");
  world.github.setEnvironmentSecret("agent", "KEY", "of the environment");
  expect(world.github.actions.getSecret("agent", "KEY")).toBe("of the environment");
  expect(world.github.actions.getSecret("deliver", "KEY")).toBe("of the repository");
  expect(world.github.actions.getSecret(undefined, "ABSENT")).toBeUndefined();
});

test("check runs are an App's, keep to their limits, gather annotations and show the newest of a name", async () => {
  const head = (await world.call(world.app, "GET", `${REPO}/git/ref/heads/main`)).body.object.sha;
  const create = (body: object, token = world.app) => world.call(token, "POST", `${REPO}/check-runs`, { name: "WorkTrain", head_sha: head, ...body });
  expect((await create({}, world.maintainer)).body.message).toBe("You must authenticate via a GitHub App.");
  expect((await create({ head_sha: "f".repeat(40) })).status).toBe(422);
  const annotations = Array.from({ length: 51 }, (_, line) => ({
    path: "src/add.js",
    start_line: line + 1,
    end_line: line + 1,
    annotation_level: "notice",
    message: "m",
  }));
  expect((await create({ output: { title: "t", summary: "s", annotations } })).status).toBe(422);
  expect((await create({ output: { title: "t", summary: "x".repeat(65_536) } })).status).toBe(422);
  expect((await create({ status: "completed" })).status).toBe(422);

  const { id } = (await create({ external_id: "item-1", output: { title: "t", summary: "s", annotations: annotations.slice(0, 50) } })).body;
  const patched = await world.call(world.app, "PATCH", `${REPO}/check-runs/${id}`, {
    conclusion: "success",
    output: { title: "t", summary: "s2", annotations: annotations.slice(50) },
  });
  expect(patched.body).toMatchObject({
    status: "completed",
    conclusion: "success",
    external_id: "item-1",
    output: { summary: "s2", annotations_count: 51 },
  });
  const { token } = world.github.actions.createJob(await newRun("k-7"), { name: "deliver", permissions: { checks: "write" } });
  expect((await world.call(token, "PATCH", `${REPO}/check-runs/${id}`, { conclusion: "failure" })).status).toBe(403);
  const newer = (await create({ conclusion: "neutral" })).body.id;
  const listed = async (query: string) =>
    (await world.call(world.app, "GET", `${REPO}/commits/${head}/check-runs${query}`)).body.check_runs.map((run: { id: number }) => run.id);
  expect(await listed("?check_name=WorkTrain")).toEqual([newer]);
  expect(await listed("?filter=all")).toEqual([newer, id]);
});

test("fault 44: a request can be applied and its answer lost, or fail without being applied", async () => {
  const route = "/repos/{owner}/{repo}/issues";
  world.github.failNext({ method: "POST", route, dropResponseAfterApplying: true });
  world.github.failNext({ method: "POST", route, status: 502 });
  const count = async () => (await world.call(world.app, "GET", `${REPO}/issues?state=all&per_page=100`)).body.length;
  const before = await count();
  await expect(world.call(world.app, "POST", `${REPO}/issues`, { title: "lost answer" })).rejects.toThrow("fetch failed");
  expect(await count()).toBe(before + 1);
  expect((await world.call(world.app, "POST", `${REPO}/issues`, { title: "refused" })).status).toBe(502);
  expect(await count()).toBe(before + 1);
  expect(world.github.requests.filter((request) => request.faulted)).toHaveLength(2);
});

test("every request of a well-behaved client is as GitHub describes it", () => {
  expect(() => assertRequestsConform(world.github.requests.filter((request) => request.status < 400 && request.kind !== "unknown"))).not.toThrow();
});
