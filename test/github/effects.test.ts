import { describe, expect, it } from "vitest";
import { commentEffect, createEffectRunner, dispatchEffect, fitComment, type Effect } from "../../src/github/write/index.ts";
import { TerminalError } from "../../src/shared/errors.ts";
import { fakeClock } from "../fakes/clock.ts";
import { requestError, scriptedGitHub } from "../fakes/github.ts";
import { APP_ID, smallWorld } from "../fakes/small-world.ts";

const REPOSITORY = { owner: "acme", repo: "shop" };
const now = () => "2026-01-01T00:00:00Z";
const MARKER = "<!-- worktrain:status issue-12 ";

function commentScene() {
  const world = smallWorld(now);
  const clock = fakeClock();
  const confirmed: string[] = [];
  const runner = createEffectRunner({ clock, onConfirmed: (effect) => void confirmed.push(effect.key) });
  const effect = commentEffect({ github: world.github, repository: REPOSITORY, issueNumber: 12, author: { appId: APP_ID, botLogin: null } }, { marker: MARKER, body: `${MARKER}x -->` });
  return { world, clock, runner, effect, confirmed };
}

const POST_COMMENT = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments";

/** Lets a promise that sleeps on the fake clock come to its end. */
async function settle<T>(clock: ReturnType<typeof fakeClock>, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  for (let step = 0; step < 60; step += 1) await clock.advance(1_000);
  return promise;
}

describe("is a comment made exactly once? (I2)", () => {
  it("makes it, and finds it the second time", async () => {
    const { world, runner, effect, confirmed } = commentScene();
    const first = await runner.apply(effect);
    const second = await runner.apply(effect);
    expect([first.adopted, second.adopted, second.id]).toEqual([false, true, first.id]);
    expect(world.comments).toHaveLength(1);
    expect(confirmed).toHaveLength(2);
  });

  it("fault 44: created, response lost: adopted after a late look, from the last page", async () => {
    const { world, clock, runner, effect } = commentScene();
    world.comments = Array.from({ length: 250 }, (_, id) => ({ id, body: "chatter", appId: null, login: "someone" }));
    let lost = false;
    world.fault = (route, apply) => {
      if (route !== POST_COMMENT || lost) return;
      lost = true;
      apply();
      throw requestError(502, "Bad Gateway");
    };
    const applied = await settle(clock, runner.apply(effect));
    expect(applied.adopted).toBe(true);
    expect(world.ownComments()).toHaveLength(1);
  });

  it("fault 54: not created, response lost: two late looks, then written once more", async () => {
    const { world, clock, runner, effect } = commentScene();
    let failures = 0;
    world.fault = (route) => {
      if (route === POST_COMMENT && (failures += 1) === 1) throw requestError(500);
    };
    const promise = runner.apply(effect);
    await clock.advance(9_999);
    expect(world.comments).toHaveLength(0);
    expect((await settle(clock, promise)).adopted).toBe(false);
    expect(world.ownComments()).toHaveLength(1);
  });

  it("fault 54: an outage that stays ends as retryable, after two writes and no more", async () => {
    const { world, clock, runner, effect } = commentScene();
    world.fault = (route) => {
      if (route === POST_COMMENT) throw requestError(503, "Unavailable");
    };
    await expect(settle(clock, runner.apply(effect))).rejects.toMatchObject({ name: "RetryableError" });
    expect(world.github.count(POST_COMMENT)).toBe(2);
  });

  it("a refusal of GitHub is not repeated; the error says what GitHub said and what to do", async () => {
    const { world, runner, effect } = commentScene();
    world.fault = (route) => {
      if (route === POST_COMMENT) throw requestError(403, "Resource not accessible by integration");
    };
    const error = await runner.apply(effect).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TerminalError);
    expect(error).toMatchObject({ message: expect.stringContaining("Resource not accessible by integration"), fix: expect.stringContaining("permission") });
    expect(world.github.count(POST_COMMENT)).toBe(1);
  });

  it("fault 45: a marker forged by a person or by another App is not ours", async () => {
    const { world, runner, effect } = commentScene();
    world.comments = [
      { id: 1, body: `${MARKER}forged -->`, appId: null, login: "worktrain[bot]" },
      { id: 2, body: `${MARKER}forged -->`, appId: APP_ID + 1, login: "worktrain[bot]" },
      { id: 3, body: `quoting: ${MARKER}x -->`, appId: APP_ID, login: "worktrain[bot]" },
    ];
    expect((await runner.apply(effect)).adopted).toBe(false);
    expect(world.comments).toHaveLength(4);
  });

  it("fault 22: what another run may be about to do is looked for late before it is done", async () => {
    const clock = fakeClock();
    let done: string | null = null;
    let writes = 0;
    const effect: Effect = { key: "k", description: "d", contested: true, lookUp: async () => (done === null ? null : { id: done, url: null }), write: async () => ({ id: `own-${(writes += 1)}`, url: null }) };
    const late = createEffectRunner({ clock }).apply(effect);
    await clock.advance(3_000);
    done = "other";
    expect(await settle(clock, late)).toMatchObject({ id: "other", adopted: true });
    done = null;
    expect(await settle(clock, createEffectRunner({ clock }).apply(effect))).toMatchObject({ id: "own-1", adopted: false });
  });

  it("of two writers at the same time the lower id stays and the other takes its own back", async () => {
    const { world, runner, effect } = commentScene();
    world.fault = (route) => {
      if (route !== POST_COMMENT) return;
      world.fault = null;
      world.comments.push({ id: 10, body: `${MARKER}other -->`, appId: APP_ID, login: "worktrain[bot]" });
    };
    expect(await runner.apply(effect)).toMatchObject({ id: "10", adopted: true });
    expect(world.ownComments().map((comment) => comment.id)).toEqual([10]);
  });

  it("a writer that died before it took its own back: whoever adopts the lowest id takes back the others, gone meanwhile or not", async () => {
    const { world, runner, effect } = commentScene();
    const ours = (id: number) => ({ id, body: `${MARKER}x -->`, appId: APP_ID, login: "worktrain[bot]" });
    world.comments = [ours(10), { ...ours(11), appId: APP_ID + 1 }, ours(12), ours(13)];
    world.fault = (route) => {
      if (!route.startsWith("DELETE ")) return;
      world.fault = null;
      world.comments = world.comments.filter(({ id }) => id !== 12);
      throw requestError(404, "Not Found");
    };
    expect(await runner.apply(effect)).toEqual({ id: "10", url: expect.any(String), adopted: true });
    expect(world.comments.map(({ id }) => id)).toEqual([10, 11]);
  });
});

describe("is a run dispatched once per key?", () => {
  const DISPATCH = "POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches";
  const KEY = "0123456789abcdef0123456789abcdef";
  const order = { workflow: "worktrain.yml", ref: "main", key: KEY, inputs: { item: "99/issue-12/1", key: KEY }, since: now() };

  it("fault 32: accepted, response lost: the run with the key in its name is adopted", async () => {
    const world = smallWorld(now);
    const clock = fakeClock();
    world.fault = (route, apply) => {
      if (route !== DISPATCH) return;
      world.fault = null;
      apply();
      throw requestError(500);
    };
    const applied = await settle(clock, createEffectRunner({ clock }).apply(dispatchEffect(world.github, REPOSITORY, order)));
    expect(applied).toMatchObject({ adopted: true, id: String(world.runs[0]?.id) });
    expect(world.dispatches).toHaveLength(1);
  });

  it("fault 33: a 204 without details is looked up; an older server's 422 for the field is sent again without it", async () => {
    let posts = 0;
    const github = scriptedGitHub({
      [DISPATCH]: ({ return_run_details: details }) => {
        posts += 1;
        if (details !== undefined) throw requestError(422, 'Invalid request. "return_run_details" is not a permitted key.');
        return "";
      },
      "GET /repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs": () => ({ workflow_runs: [] }),
    });
    expect(await createEffectRunner({ clock: fakeClock() }).apply(dispatchEffect(github, REPOSITORY, order))).toEqual({ id: "", url: null, adopted: false });
    expect(posts).toBe(2);
  });

  it.each([
    [403, "Event 'workflow_dispatch' is not allowed", "allowed actor"],
    [404, "Not Found", "default branch"],
    [422, "Workflow does not have 'workflow_dispatch' trigger", "template"],
  ])("fault 33: %i is not repeated and names its cure", async (status, said, cure) => {
    const world = smallWorld(now);
    world.fault = (route) => {
      if (route === DISPATCH) throw requestError(status, said);
    };
    const failed = createEffectRunner({ clock: fakeClock() }).apply(dispatchEffect(world.github, REPOSITORY, order));
    await expect(failed).rejects.toMatchObject({ name: "TerminalError", message: expect.stringContaining(said), fix: expect.stringContaining(cure) });
    expect(world.github.count(DISPATCH)).toBe(1);
  });
});

describe("does what was confirmed reach the journal?", () => {
  it("a hook that throws makes apply reject; the effect is adopted next time", async () => {
    const { world, clock, effect } = commentScene();
    const failing = createEffectRunner({ clock, onConfirmed: () => Promise.reject(new Error("disk full")) });
    await expect(failing.apply(effect)).rejects.toThrow("disk full");
    expect((await createEffectRunner({ clock }).apply(effect)).adopted).toBe(true);
    expect(world.comments).toHaveLength(1);
  });

  it("a bug in an effect is not taken for an outage", async () => {
    const broken: Effect = { key: "k", description: "d", lookUp: () => Promise.resolve(null), write: () => Promise.reject(new TypeError("bug")) };
    await expect(createEffectRunner({ clock: fakeClock() }).apply(broken)).rejects.toThrow(TypeError);
  });
});

describe("fault 47: is a comment ever too long?", () => {
  it("is cut to the limit, with a line that says so", () => {
    const cut = fitComment("x".repeat(70_000), "https://example.com/log");
    expect(cut.length).toBe(65_536);
    expect(cut).toContain("70000 characters");
    expect(fitComment("y".repeat(65_536))).toBe("y".repeat(65_536));
    expect(fitComment("😀".repeat(40_000)).isWellFormed()).toBe(true);
  });
});
