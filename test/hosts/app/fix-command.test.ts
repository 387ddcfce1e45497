/** `fix`: what was delivered is worked on once more, for findings of its reviews. */
import { afterEach, describe, expect, it } from "vitest";
import { formatTrailers } from "../../../src/record/trailers.ts";
import { person } from "../../fakes/small-world.ts";
import { commandScene } from "./command-scene.ts";

let scene: ReturnType<typeof commandScene>;
afterEach(() => scene.follower.stop());

const ROWS = "| 1 | minor | A name | `src/a.js:3` | `0123abcd` | left as it is |\r\n| 1 | major | A sum | `src/a.js` | `89abcdef` | not found again |";

async function delivered(rows = ROWS) {
  scene = commandScene();
  const { world, stopped } = scene;
  world.pulls.push({ number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 99 });
  world.delivered = { body: `Fixes #12\n\n${rows}`, message: `Round\n\n${formatTrailers({ item: "99/issue-12/1", key: "ab".repeat(16) })}` };
  world.deliverConclusion = "success";
  await stopped("ready", "end");
  return scene;
}

describe("fix", () => {
  it.each<[string, readonly string[]]>([
    ["/worktrain fix", []],
    ["/worktrain fix 0123abcd", ["0123abcd"]],
    ["/worktrain fix 0123abcd 89abcdef", ["0123abcd", "89abcdef"]],
  ])("%s: the same attempt goes on from the delivered commit, and the ticket names what for; once, however often it comes", async (command, findings) => {
    const { comment, tickets, world, marker } = await delivered();
    const id = await comment(command);
    await comment(command, { id });
    expect(tickets()).toHaveLength(2);
    expect(tickets()[1]).toMatchObject({ item: "99/issue-12/1", command: "fix", trigger: { kind: "issue_comment", id: String(id) }, followUp: { because: "asked", pullNumber: 31, headSha: "c".repeat(40), findings } });
    expect(marker()).toMatchObject({ attempt: 1, continuation: 1, command: id });
    expect(world.commentReactions).toEqual([`${id} eyes`, `${id} +1`]);
  });

  it.each<[string, string, (world: ReturnType<typeof commandScene>["world"]) => void, string]>([
    ["a finding that there is not", "/worktrain fix fedcba98", () => undefined, "Name one of 0123abcd, 89abcdef."],
    ["nothing left", "/worktrain fix", (world) => void (world.delivered.body = ROWS.split("\r\n")[1] ?? ""), "left no finding"],
    ["a head that somebody pushed", "/worktrain fix", (world) => void (world.delivered.message = "Mine"), "somebody has pushed"],
    ["another attempt's commit", "/worktrain fix", (world) => void (world.delivered.message = `x\n\n${formatTrailers({ item: "99/issue-12/2", key: "ab".repeat(16) })}`), "somebody has pushed"],
    ["a fork's branch of that name", "/worktrain fix", (world) => void (world.pulls[0] = { number: 31, ref: "worktrain/issue-12-1", headRepositoryId: 5 }), "somebody has pushed"],
    ["a closed issue", "/worktrain fix", (world) => void (world.issue.state = "closed"), "The issue is closed."],
    ["a label that is gone", "/worktrain fix", (world) => void (world.issue.labels = []), "taken back"],
    ["a role that is not enough", "/worktrain fix", (world) => void (world.config = "permissions: { fix: maintain }\n"), "takes the role maintain here"],
  ])("%s is refused in words", async (_, command, change, words) => {
    const { comment, answers, world } = await delivered();
    change(world);
    await comment(command);
    expect(answers()[0]).toContain(words);
    expect(world.dispatches).toHaveLength(1);
  });

  it("nothing was delivered, or is not done yet: it says what to write instead", async () => {
    scene = commandScene();
    await scene.stopped("budget");
    await scene.comment("/worktrain fix");
    expect(scene.answers()[0]).toContain("Write `/worktrain resume`");
    expect(scene.world.dispatches).toHaveLength(1);
    scene = commandScene();
    await scene.stopped("awaiting-approval");
    await scene.comment("/worktrain fix");
    expect(scene.answers()[0]).toContain("Write `/worktrain approve` or");
  });

  it("attack 1: a reader is not heard", async () => {
    const { comment, world } = await delivered();
    world.permission = person("read", "read");
    const before = world.ownComments().length;
    await comment("/worktrain fix");
    expect([world.dispatches.length, world.ownComments().length - before, world.commentReactions.length]).toEqual([1, 0, 0]);
  });
});
