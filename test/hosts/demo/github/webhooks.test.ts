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
