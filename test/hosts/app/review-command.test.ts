/** Commands on a pull request: its review, and what goes on with, tells or ends one. */
import { afterEach, describe, expect, it } from "vitest";
import { startReview } from "../../../src/hosts/app/starting/start-review.ts";
import { person } from "../../fakes/small-world.ts";
import { formatSegmentName, type EndingCode } from "../../../src/record/index.ts";
import { commandScene, type WrittenComment } from "./command-scene.ts";

const HEAD = "d".repeat(40);
const NEXT = "f".repeat(40);
const MERGE_BASE = "e".repeat(40);
const FORK = 1234;

let scene: ReturnType<typeof commandScene>;
afterEach(() => scene.follower.stop());

function begin({ sha = HEAD, repo = 99 }: { readonly sha?: string; readonly repo?: number | null } = {}) {
  scene = commandScene();
  const { world, comment, clock, settle, end } = scene;
  Object.assign(world, { head: { sha, repo } });
  Object.assign(world.issue, { pullRequest: true, labels: [], title: "Count words", body: "" });
  const write = (body: string, more: WrittenComment = {}) => comment(body, { isPullRequest: true, ...more });
  /** The newest run ends, a while later than it began. */
  const over = async (ending: EndingCode, attempt = 1): Promise<void> => {
    const run = world.runs.at(-1);
    world.artifacts.splice(0, world.artifacts.length, { id: 1, name: formatSegmentName({ item: { repositoryId: 99, subject: "pr-12", attempt }, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "review", step: "end", costMilliUsd: 120, ending }) });
    await settle(end("success"));
    await clock.advance(10 * 60_000);
  };
  /** The newest run has saved, and its runner is lost. */
  const lost = async (): Promise<void> => {
    const run = world.runs.at(-1);
    world.artifacts.splice(0, world.artifacts.length, { id: 1, name: formatSegmentName({ item: { repositoryId: 99, subject: "pr-12", attempt: 1 }, runId: run?.id ?? 0, runAttempt: 1, index: 1, phase: "review", step: "read", costMilliUsd: 120, ending: null }) });
    await settle(end("failure"));
    await clock.advance(10 * 60_000);
  };
  /** Somebody labels the pull request. */
  const labelled = async (): Promise<void> => {
    const event = { repository: { id: 99, owner: "acme", repo: "shop" }, issueNumber: 12, label: "worktrain:ready", sender: { login: "octocat", id: 42 }, task: { title: world.issue.title, body: world.issue.body }, labelledAt: new Date(clock.nowMs()).toISOString() };
    await settle(startReview(scene.place, scene.tools, { cause: "label", event, headSha: sha, deliveryId: "d-9" }));
  };
  return { ...scene, write, over, lost, labelled };
}

describe("review", () => {
  it("starts one of the present head, without the label, and the ticket says at whose word", async () => {
    const { write, world, tickets, marker, answers } = begin();
    const id = await write("/worktrain review");
    expect(tickets()).toMatchObject([{ item: "99/pr-12/1", review: { headSha: HEAD }, base: { sha: MERGE_BASE }, command: "review", trigger: { kind: "issue_comment", id: String(id), actor: { id: 42 } } }]);
    expect(marker()).toMatchObject({ state: "waiting", head: HEAD, command: id });
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} +1`]);
    expect(world.issue.labels).toEqual([]);
    expect(answers()).toEqual([]);
  });

  it("a repeated delivery starts nothing more, nor does one while a review is under way", async () => {
    const { write, world, answers, over } = begin();
    const id = await write("/worktrain review");
    await write("/worktrain review", { id });
    expect(world.dispatches).toHaveLength(1);
    expect(answers()).toEqual([]);
    await write("/worktrain review");
    expect(answers()[0]).toContain(`A review of ${HEAD} is under way.`);
    await over("reviewed");
    await write("/worktrain review", { id, createdAt: "2026-01-01T00:00:00Z" });
    expect(world.dispatches).toHaveLength(1);
  });

  it("the same head once more, and a later head from what was reviewed on; with --full the whole", async () => {
    const { write, world, tickets, over } = begin();
    await write("/worktrain review");
    world.reviews.push({ body: `<!-- worktrain:review 99/pr-12/1 key=${tickets()[0]?.key ?? ""} -->\nR`, sha: HEAD });
    await over("reviewed");
    await write("/worktrain review");
    expect(tickets()[1]).toMatchObject({ item: "99/pr-12/2", review: { headSha: HEAD } });
    expect(tickets()[1]?.review?.since).toBeUndefined();
    world.reviews.push({ body: `<!-- worktrain:review 99/pr-12/2 key=${tickets()[1]?.key ?? ""} -->\nR`, sha: HEAD });
    await over("reviewed", 2);
    world.head = { sha: NEXT, repo: 99 };
    await write("/worktrain review");
    expect(tickets()[2]).toMatchObject({ item: "99/pr-12/3", review: { headSha: NEXT, since: { headSha: HEAD, mergeBase: MERGE_BASE } } });
    await over("budget", 3);
    await write("/worktrain review --full");
    expect(tickets()[3]).toMatchObject({ item: "99/pr-12/4", review: { headSha: NEXT } });
    expect(tickets()[3]?.review?.since).toBeUndefined();
  });

  it("attack 5: a fork's head only by its name, and not when it has gone on", async () => {
    const { write, world, answers, tickets } = begin({ repo: FORK });
    await write("/worktrain review");
    expect(answers()[0]).toContain(`write \`/worktrain review ${HEAD}\``);
    world.head = { sha: NEXT, repo: FORK };
    await write(`/worktrain review ${HEAD}`);
    expect(answers()[1]).toContain(`The head of this pull request is ${NEXT}, not ${HEAD}.`);
    expect(world.dispatches).toEqual([]);
    await write(`/worktrain review ${NEXT}`);
    expect(tickets()).toMatchObject([{ review: { headSha: NEXT } }]);
  });

  it.each<[string, (world: ReturnType<typeof commandScene>["world"]) => void, string]>([
    ["a closed pull request", (world) => void (world.issue.state = "closed"), "The pull request is closed."],
    ["reviews switched off", (world) => void (world.config = "review: { pullRequests: never }\n"), "never reviewed"],
    ["work switched off", (world) => void (world.config = "enabled: false\n"), "stops all work"],
    ["a higher role asked for", (world) => void (world.config = "permissions: { review: maintain }\n"), "takes the role maintain here"],
  ])("%s: says why, and starts nothing", async (_, change, words) => {
    const { write, world, answers } = begin();
    change(world);
    await write("/worktrain review");
    expect(answers()[0]).toContain(words);
    expect(world.dispatches).toEqual([]);
  });

  it("on an issue it says where it belongs", async () => {
    const { comment, answers, world } = begin();
    Object.assign(world.issue, { pullRequest: false });
    await comment("/worktrain review");
    expect(answers()[0]).toContain("Write the command on a pull request");
  });

  it.each<[string, WrittenComment & { readonly role?: string }]>([
    ["a reader", { role: "read" }],
    ["a bot", { author: { login: "helper[bot]", id: 9, type: "Bot" } }],
    ["an edited comment", { editedAt: "2026-01-01T09:00:00Z" }],
  ])("attacks 1, 2: %s is not heard", async (_, { role, ...written }) => {
    const { write, world, silence } = begin();
    if (role !== undefined) world.permission = person(role, "read");
    await write("/worktrain review", written);
    expect(silence()).toEqual([0, 0, 0, 0]);
  });
});

describe("a review under way or over", () => {
  it("resume goes on with one that was interrupted, at the commit it was about, and retry with one that stopped", async () => {
    const { write, over, tickets, world } = begin();
    await write("/worktrain review");
    await over("budget");
    await write("/worktrain resume");
    expect(tickets()[1]).toMatchObject({ item: "99/pr-12/1", review: { headSha: HEAD }, base: { sha: MERGE_BASE }, command: "resume" });
    await over("no-verdict");
    await write("/worktrain retry review");
    expect(tickets()[2]).toMatchObject({ item: "99/pr-12/1", review: { headSha: HEAD }, retry: { phase: "review" } });
    expect(new Set(tickets().map(({ key }) => key)).size).toBe(3);
    expect(world.dispatches).toHaveLength(3);
  });

  it("fault 39: lost, it is gone on with at the word of the command again and again, though there is no label", async () => {
    const { write, lost, tickets, world, marker } = begin();
    const id = await write("/worktrain review");
    await lost();
    await lost();
    expect(tickets().map(({ item, command, trigger: { kind, id: word } }) => [item, command, kind, word])).toEqual(Array.from({ length: 3 }, () => ["99/pr-12/1", "review", "issue_comment", String(id)]));
    expect(marker()).toMatchObject({ state: "waiting", auto: 2, head: HEAD });
    expect(world.dispatches).toHaveLength(3);
  });

  it("I10: a label that goes on with it is the label's word, not the command's", async () => {
    const { write, over, tickets, world, labelled } = begin();
    await write("/worktrain review");
    await over("budget");
    world.issue.labels = ["worktrain:ready"];
    await labelled();
    expect(tickets().map(({ trigger: { kind }, command }) => [kind, command])).toEqual([["issue_comment", "review"], ["pull_request.labeled", undefined]]);
    expect(tickets()[1]?.item).toBe("99/pr-12/1");
  });

  it("I10: not when the config asks more by now of who wrote it", async () => {
    const { write, lost, world, body } = begin();
    await write("/worktrain review");
    world.config = "permissions: { review: admin }\n";
    await lost();
    expect(body()).toContain("may not start work any more");
    expect(world.dispatches).toHaveLength(1);
  });

  it("after an outage it is tried again by itself, as one with a label is; resume goes on sooner", async () => {
    const { write, over, world, body, marker } = begin();
    await write("/worktrain review");
    await over("model-unavailable");
    expect(body()).toContain("tried again by itself");
    expect(marker()?.due).toBeDefined();
    await write("/worktrain resume");
    expect(world.dispatches).toHaveLength(2);
  });

  it("while it runs, and of what was never started, a refusal speaks of the pull request", async () => {
    const { write, answers } = begin();
    await write("/worktrain review");
    await write("/worktrain resume");
    await write("/worktrain fix");
    expect(answers().join("\n")).toContain("A run is at work on this pull request");
    expect(answers().join("\n")).not.toContain("this issue");
  });

  it("not at another head, and not when it is over for good", async () => {
    const { write, over, world, answers } = begin();
    await write("/worktrain review");
    await over("budget");
    world.head = { sha: NEXT, repo: 99 };
    await write("/worktrain resume");
    expect(answers()[0]).toContain("another one by now");
    await write("/worktrain review");
    await over("reviewed", 2);
    await write("/worktrain retry");
    expect(answers()[1]).toContain("Write `/worktrain review` for another one.");
    expect(world.dispatches).toHaveLength(2);
  });

  it("approve and reject say that it waits at no gate; status and cancel act on it", async () => {
    const { write, over, world, answers, marker } = begin();
    await write("/worktrain review");
    const run = world.runs[0];
    if (run === undefined) throw new Error("nothing was dispatched");
    run.status = "in_progress";
    await write("/worktrain status");
    expect(marker()).toMatchObject({ state: "running" });
    await write("/worktrain cancel");
    expect(world.cancels).toEqual([`${run.id} cancel`]);
    await over("cancelled");
    await write("/worktrain approve");
    await write("/worktrain reject No.");
    // Told once.
    expect(answers().map((each) => each.includes("waits at no gate"))).toEqual([true]);
    expect(world.dispatches).toHaveLength(1);
  });

  it("where nothing was reviewed there is nothing to go on with", async () => {
    const { write, answers, world } = begin();
    await write("/worktrain resume");
    expect(answers()[0]).toContain("There is no work of WorkTrain here.");
    expect(world.dispatches).toEqual([]);
  });
});
