/** What is answered in conversations: which, in which words (pure), and once each over the wire against the local GitHub, whatever happened there meanwhile. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { applyIntent, type OutletContext } from "../../src/delivery/outlets/index.ts";
import { replyIntents, type Replying } from "../../src/delivery/text/reply.ts";
import { createGitHub } from "../../src/github/create-github.ts";
import { createEffectRunner } from "../../src/github/write/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { makeTicket } from "../fakes/tickets.ts";
import { startAppWorld, type AppWorld } from "../hosts/app/app-world.ts";
import { deliver, type DeliveredScene } from "../hosts/app/delivered-scene.ts";

type Followed = NonNullable<Replying["ticket"]["followUp"]>;
const ticketOf = (change: Partial<Followed> = {}) => makeTicket({ followUp: { because: "comments", headSha: "a".repeat(40), pullNumber: 3, comments: [11, 21], ...change } }).ticket;

describe("which, in which words", () => {
  const comment = (id: number, review: { id: number; state: string } | null = null) => ({ id, body: "Why?", createdAt: "2026-01-01T00:00:00Z", own: false, author: { kind: "User", login: "ada", id: 5 }, review });
  const conversation = (rootId: number, ...comments: ReturnType<typeof comment>[]) => ({ rootId, path: "a.js", line: 1, comments: [comment(rootId), ...comments] });
  const handoff = (...keyDecisions: string[]) => ({ handoff: { keyDecisions } }) as unknown as NonNullable<Replying["view"]>;
  const replies = (change: Partial<Replying>) => replyIntents({ ticket: ticketOf(), conversations: [conversation(11), conversation(20, comment(21)), conversation(30)], view: handoff(), reason: null, redact: (text) => text.replaceAll("s3cret", "***"), ...change });

  test("those that hold a comment asked about, below the one they began with, each in its place", () => {
    expect(replies({}).map(({ place, commentId, pullNumber }) => [place, commentId, pullNumber])).toEqual([[1, 11, 3], [2, 20, 3]]);
    expect(replies({ conversations: [conversation(11, comment(12), comment(21), comment(22))] }).map(({ after, body }) => [after, body.split("\n")[1]])).toEqual([[21, "<!-- worktrain:answered-up-to 21 -->"]]);
    expect(new Set(replies({}).map(({ body }) => body.split("\n")[0]))).toEqual(new Set([`<!-- worktrain:answered ${ticketOf().key} -->`]));
  });

  test("of a review that asked for changes those that it began or went on with", () => {
    const ticket = makeTicket({ followUp: { because: "review", headSha: "a".repeat(40), pullNumber: 3, reviewId: 7 } }).ticket;
    expect(replies({ ticket, conversations: [conversation(11), conversation(20, comment(22, { id: 7, state: "CHANGES_REQUESTED" }))] }).map(({ commentId }) => commentId)).toEqual([20]);
  });

  test("none without a follow-up, none that somebody resolved or deleted meanwhile", () => {
    expect(replies({ ticket: makeTicket().ticket })).toEqual([]);
    expect(replies({ conversations: [conversation(30)] })).toEqual([]);
  });

  test("each is told what is for it; what is for none in particular where nothing is, and never what is for another", () => {
    const [first, second] = replies({ view: handoff("Conversation 11: It holds.", "Kept the name.", "Conversation 99: Not here.") });
    expect(first?.body).toContain("> - It holds.");
    expect(first?.body).not.toMatch(/Kept|Not here/);
    expect(second?.body).toContain("> - Kept the name.");
    expect(second?.body).not.toMatch(/It holds|Not here/);
  });

  test("I8, I6: words of a session cannot mention people, close the quote, look like our mark, or tell a secret", () => {
    const [first] = replies({ view: handoff("Conversation 11: @ada s3cret\n\n# Done\n<!-- worktrain:answered x -->") });
    const own = first?.body.split("\n").slice(2) ?? [];
    expect(own.filter((line) => line !== "" && !line.startsWith(">"))).toEqual(["WorkTrain worked on this. Its session says:"]);
    expect(first?.body).not.toMatch(/@ada|s3cret|<!-- worktrain:answered x/);
  });

  test("why nothing comes of it is said, whatever the session says; nothing of a journal that is not trusted", () => {
    const [first, second] = replies({ view: handoff("Conversation 11: Fast enough.", "Kept the name."), reason: "No file was changed. Nothing to do." });
    expect(first?.body).toMatch(/WorkTrain changed nothing here\. Its session says:\n\n> - Fast enough\.\n\n> No file was changed\./);
    expect(second?.body).toMatch(/WorkTrain changed nothing here\.\n\n> No file was changed\./);
    expect(replies({ view: null, reason: "It is not trusted." })[0]?.body).toMatch(/changed nothing here\.\n\n> It is not trusted\.$/);
  });

  test("long words are cut to what a conversation takes", () => {
    for (const { body } of replies({ view: handoff("x".repeat(50_000)), reason: null })) expect(body.length).toBeLessThan(10_000);
  });
});

describe("I2: over the wire", () => {
  let world: AppWorld;
  let scene: DeliveredScene;
  let asked: number;
  beforeEach(async () => {
    world = await startAppWorld();
    scene = await deliver(world);
    asked = (await world.call(world.maintainer, "POST", `/repos/acme/calc/pulls/${scene.pull}/comments`, { body: "Why?", commit_id: scene.head, path: "README.md", line: 1, side: "RIGHT" })).body.id;
  });
  afterEach(() => world.close());

  const REPLIES = "/repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies";
  const answers = () => [...world.github.state().reviews.values()].flatMap(({ comments }) => comments).filter(({ inReplyTo }) => inReplyTo === asked).map(({ body }) => body);
  const body = (key = ticketOf().key) => `<!-- worktrain:answered ${key} -->\nSo.`;
  function apply(wish: { readonly commentId?: number; readonly after?: number; readonly body?: string; readonly commit?: string; readonly place?: number } = {}, conversations: OutletContext["conversations"] = {}) {
    const clock = fakeClock();
    const github = createGitHub({ token: world.app, baseUrl: world.github.url, graphqlUrl: `${world.github.url}/graphql`, userAgent: "test", clock: { ...clock, sleep: async () => undefined }, fetch, readPausesMs: [] });
    const context = { github, repository: { owner: "acme", repo: "calc" }, runner: createEffectRunner({ clock: { ...clock, sleep: async () => undefined } }), publisher: { appId: 4242, appSlug: "worktrain", botLogin: "worktrain[bot]" }, ticket: ticketOf(), applied: new Map(wish.commit === undefined ? [] : [["branch", { id: wish.commit }]]), note: () => undefined, conversations } as unknown as OutletContext;
    return applyIntent({ kind: "reply", place: wish.place ?? 1, pullNumber: scene.pull, commentId: wish.commentId ?? asked, after: wish.after ?? asked, body: wish.body ?? body() }, context);
  }

  test("given once, with the commit that came of it", async () => {
    for (const adopted of [false, true]) expect(await apply({ commit: scene.head })).toMatchObject({ ok: true, value: { adopted } });
    expect(answers()).toEqual([`${body()}\n\nCommit ${scene.head}`]);
  });

  test("an answer whose confirmation was lost is found, and not given again", async () => {
    world.github.failNext({ method: "POST", route: REPLIES, dropResponseAfterApplying: true });
    expect(await apply()).toMatchObject({ ok: true });
    expect(answers()).toEqual([body()]);
  });

  test("the conversations are read once for all replies of a delivery, and again where it is not known what became of one", async () => {
    const second = (await world.call(world.maintainer, "POST", `/repos/acme/calc/pulls/${scene.pull}/comments`, { body: "And this?", commit_id: scene.head, path: "README.md", line: 1, side: "RIGHT" })).body.id;
    const reads = () => world.github.requests.filter(({ path, body: sent }) => path === "/graphql" && JSON.stringify(sent).includes("query Conversations")).length;
    const before = reads();
    const conversations: OutletContext["conversations"] = {};
    await apply({}, conversations);
    await apply({ commentId: second, place: 2 }, conversations);
    expect([reads() - before, answers()]).toEqual([1, [body()]]);
    world.github.failNext({ method: "POST", route: REPLIES, dropResponseAfterApplying: true });
    const other = `${body("e".repeat(32))} More.`;
    await apply({ body: other, place: 3 }, conversations);
    expect([reads() - before, answers()]).toEqual([2, [body(), other]]);
  });

  test("what a person writes that looks like our answer is none", async () => {
    await world.call(world.maintainer, "POST", `/repos/acme/calc/pulls/${scene.pull}/comments/${asked}/replies`, { body: body() });
    await apply();
    expect(answers()).toHaveLength(2);
  });

  test("the answer of an earlier run, which told of another end, takes none from this one", async () => {
    await apply({ body: `${body("f".repeat(32))} It failed.` });
    await apply();
    expect(answers()).toEqual([`${body("f".repeat(32))} It failed.`, body()]);
  });

  test("fault 56: the same answer by an earlier run, which broke off then, is not given again; to what was asked behind it, it is", async () => {
    await apply({ body: body("f".repeat(32)), commit: scene.head });
    expect(await apply({ commit: scene.head })).toMatchObject({ ok: true, value: { adopted: true } });
    expect(answers()).toHaveLength(1);
    const again = (await world.call(world.maintainer, "POST", `/repos/acme/calc/pulls/${scene.pull}/comments/${asked}/replies`, { body: "Why?" })).body.id;
    await apply({ commit: scene.head, after: again });
    expect(answers()).toHaveLength(3);
  });

  test("resolved or deleted meanwhile: nothing more is said, and the delivery stands", async () => {
    const { body: shown } = await world.call(world.maintainer, "POST", `${world.github.url}/graphql`, { query: `query Threads { repository(owner: "acme", name: "calc") { pullRequest(number: ${scene.pull}) { reviewThreads(first: 1) { nodes { id } } } } }` });
    const threadId: string = shown.data.repository.pullRequest.reviewThreads.nodes[0].id;
    await world.call(world.maintainer, "POST", `${world.github.url}/graphql`, { query: "mutation Resolve($input: ResolveReviewThreadInput!) { resolveReviewThread(input: $input) { thread { isResolved } } }", variables: { input: { threadId } } });
    expect(await apply()).toMatchObject({ ok: true, value: { adopted: true } });
    expect(await apply({ commentId: 999_999 })).toMatchObject({ ok: true });
    expect(answers()).toEqual([]);
  });

  test.each([404, 403, 422])("GitHub takes no answer (%i): it is told, and the delivery stands", async (status) => {
    world.github.failNext({ method: "POST", route: REPLIES, status });
    expect(await apply()).toMatchObject({ ok: true, value: { declined: expect.stringContaining("could not be answered") } });
    expect(answers()).toEqual([]);
  });
});
