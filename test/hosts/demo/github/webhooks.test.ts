import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorld, WEBHOOK_SECRET, writeFiles, type Answered, type World } from "./world.ts";

const REPO = "/repos/acme/calc";

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly payload: Answered["body"];
}

const received: Received[] = [];
let status = 200;
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const text = Buffer.concat(chunks).toString("utf8");
    received.push({ headers: request.headers, text, payload: JSON.parse(text) });
    response.writeHead(status).end();
  });
});

let world: World;
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const address = receiver.address();
  world = await startWorld({ webhookUrl: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/api/github/webhooks` });
});
afterAll(async () => {
  await world.close();
  await new Promise((resolve) => receiver.close(resolve));
});

/** What arrives because of `act`, in order. */
async function webhooksOf(act: () => Promise<unknown>): Promise<readonly Received[]> {
  await world.github.settled();
  const before = received.length;
  await act();
  await world.github.settled();
  return received.slice(before);
}
const names = (webhooks: readonly Received[]) =>
  webhooks.map(({ headers, payload }) => [headers["x-github-event"], payload.action].filter(Boolean).join("."));

test("a labelled issue is told with GitHub's headers and a signature over the exact bytes", async () => {
  const { number } = (await world.call(world.maintainer, "POST", `${REPO}/issues`, { title: "bug" })).body;
  const webhooks = await webhooksOf(() => world.call(world.maintainer, "POST", `${REPO}/issues/${number}/labels`, { labels: ["worktrain:ready"] }));
  // `label.created` happened too, but the App does not subscribe to it.
  expect(names(webhooks)).toEqual(["issues.labeled"]);
  const [labelled] = webhooks;
  expect(labelled?.headers["x-hub-signature-256"]).toBe(
    `sha256=${createHmac("sha256", WEBHOOK_SECRET)
      .update(labelled?.text ?? "")
      .digest("hex")}`,
  );
  expect(labelled?.headers).toMatchObject({
    "user-agent": expect.stringMatching(/^GitHub-Hookshot\//),
    "x-github-delivery": expect.stringMatching(/^[0-9a-f-]{36}$/),
    "x-github-hook-installation-target-id": "4242",
  });
  expect(labelled?.payload).toMatchObject({
    action: "labeled",
    label: { name: "worktrain:ready" },
    issue: { number, labels: [{ name: "worktrain:ready" }] },
    repository: { id: world.repositoryId, full_name: "acme/calc" },
    sender: { login: "mona", type: "User" },
    installation: { id: world.installationId },
  });
});

const examples: readonly { readonly name: string; readonly examples: readonly Answered["body"][] }[] = createRequire(import.meta.url)(
  "@octokit/webhooks-examples",
);

/** Fields that all of GitHub's recorded examples have and ours does not, one level into issue, comment and so on. */
function missingFields({ headers, payload }: Received): readonly string[] {
  const event = String(headers["x-github-event"]);
  const part = PARTS[event];
  if (part === undefined) return [];
  const parts = (examples.find(({ name }) => name === event)?.examples ?? []).flatMap((example) => example[part] ?? []);
  if (parts.length === 0) throw new Error(`There is no recorded example of ${event}.`);
  return Object.keys(parts[0])
    .filter((field) => parts.every((example) => field in example) && !(field in payload[part]))
    .map((field) => `${event}: ${field}`);
}

const PARTS: Readonly<Record<string, string>> = {
  issues: "issue",
  issue_comment: "comment",
  pull_request: "pull_request",
  check_run: "check_run",
  workflow_run: "workflow_run",
};

test("a review is told once as a whole and once for each comment, an answer as a review of its own, a resolved conversation with its comments", async () => {
  const clone = join(world.directory, "first-clone");
  await world.git(clone, "switch", "--quiet", "-c", "reviewed");
  writeFiles(clone, { "reviewed.js": "one\ntwo\n" });
  await world.git(clone, "add", "-A");
  await world.git(clone, "commit", "--quiet", "-m", "reviewed");
  await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "reviewed");
  await world.git(clone, "switch", "--quiet", "main");
  const { number } = (await world.call(world.maintainer, "POST", `${REPO}/pulls`, { title: "Reviewed", head: "reviewed", base: "main" })).body;
  const comment = (line: number) => ({ path: "reviewed.js", line, body: `About ${line}` });
  const reviewed = await webhooksOf(() => world.call(world.maintainer, "POST", `${REPO}/pulls/${number}/reviews`, { event: "COMMENT", body: "Two things", comments: [comment(1), comment(2)] }));
  expect(names(reviewed)).toEqual(["pull_request_review.submitted", "pull_request_review_comment.created", "pull_request_review_comment.created"]);
  expect(reviewed[0]?.payload).toMatchObject({ review: { state: "commented", body: "Two things" }, pull_request: { number } });
  const [, first] = reviewed;
  expect(first?.payload).toMatchObject({ comment: { path: "reviewed.js", line: 1, body: "About 1" }, pull_request: { number } });
  const replied = await webhooksOf(() => world.call(world.maintainer, "POST", `${REPO}/pulls/${number}/comments/${first?.payload.comment.id}/replies`, { body: "Why?" }));
  expect(names(replied)).toEqual(["pull_request_review.submitted", "pull_request_review_comment.created"]);
  expect(replied[1]?.payload.comment).toMatchObject({ in_reply_to_id: first?.payload.comment.id, body: "Why?" });
  // An answer has no answers of its own.
  expect((await world.call(world.maintainer, "POST", `${REPO}/pulls/${number}/comments/${replied[1]?.payload.comment.id}/replies`, { body: "x" })).status).toBe(404);
  const graphql = async (query: string): Promise<Pick<Answered, "body">> => ({ body: await (await fetch(`${world.github.url}/graphql`, { method: "POST", headers: { authorization: `Bearer ${world.maintainer}`, "content-type": "application/json" }, body: JSON.stringify({ query, variables: {} }) })).json() });
  const threads = await graphql(`query Threads { repository(owner: "acme", name: "calc") { pullRequest(number: ${number}) { reviewThreads(first: 10) { nodes { id } } } } }`);
  const [{ id }] = threads.body.data.repository.pullRequest.reviewThreads.nodes;
  const resolved = await webhooksOf(() => graphql(`mutation Resolve { resolveReviewThread(input: { threadId: "${id}" }) { thread { isResolved } } }`));
  expect(names(resolved)).toEqual(["pull_request_review_thread.resolved"]);
  expect(resolved[0]?.payload.thread).toMatchObject({ node_id: id, comments: [{ body: "About 1" }, { body: "Why?" }] });
});

test("payloads have the fields of GitHub's recorded examples", async () => {
  const clone = join(world.directory, "first-clone");
  writeFiles(clone, { "src/add.js": "export const add = (a, b) => a + b;\n" });
  await world.git(clone, "commit", "--quiet", "-am", "fix");
  const sha = (await world.git(clone, "rev-parse", "HEAD")).out.trim();
  const webhooks = await webhooksOf(async () => {
    await world.call(world.maintainer, "POST", `${REPO}/issues`, { title: "another" });
    await world.call(world.maintainer, "POST", `${REPO}/issues/1/comments`, { body: "hello" });
    await world.git(clone, "push", "--quiet", world.remote(world.maintainer), "HEAD:refs/heads/fix");
    await world.call(world.app, "POST", `${REPO}/pulls`, { title: "Fix", head: "fix", base: "main" });
    await world.call(world.app, "POST", `${REPO}/check-runs`, { name: "WorkTrain", head_sha: sha, conclusion: "success" });
    await world.call(world.app, "POST", `${REPO}/actions/workflows/train.yml/dispatches`, { ref: "main", inputs: { key: "k1" } });
  });
  expect(names(webhooks).toSorted()).toEqual([
    "check_run.completed",
    "check_run.created",
    "issue_comment.created",
    "issues.opened",
    "pull_request.opened",
    "push",
    "workflow_run.requested",
  ]);
  expect(webhooks.flatMap(missingFields)).toEqual([]);
  const push = webhooks.find(({ headers }) => headers["x-github-event"] === "push")?.payload;
  expect(push).toMatchObject({
    ref: "refs/heads/fix",
    before: "0".repeat(40),
    after: sha,
    created: true,
    forced: false,
    head_commit: { id: sha, modified: ["src/add.js"] },
    pusher: { name: "mona" },
  });
});

test("fault 28: a failed delivery is noted, not repeated, and goes out again with the same identifier when asked", async () => {
  status = 500;
  const failed = await webhooksOf(() => world.call(world.maintainer, "POST", `${REPO}/issues`, { title: "lost" }));
  status = 200;
  expect(failed).toHaveLength(1);
  const delivery = world.github.deliveries.at(-1);
  expect(delivery?.outcome).toEqual({ kind: "answered", status: 500 });
  const again = await webhooksOf(() => world.github.redeliver(delivery?.id ?? 0));
  expect(again[0]?.headers["x-github-delivery"]).toBe(delivery?.guid);
  expect(again[0]?.text).toBe(failed[0]?.text);
  expect(world.github.deliveries.at(-1)).toMatchObject({ redelivery: true, outcome: { kind: "answered", status: 200 } });
});

test("fault 28: a receiver that is down is an outcome, not an error of the sender", async () => {
  world.github.setWebhookUrl("http://127.0.0.1:1/");
  expect((await world.call(world.maintainer, "POST", `${REPO}/issues`, { title: "nobody listens" })).status).toBe(201);
  await world.github.settled();
  expect(world.github.deliveries.at(-1)?.outcome.kind).toBe("failed");
  world.github.setWebhookUrl(null);
});
