/** `worktrain pipeline explain`, and `approve` and `reject` of a local task that asks whether it was understood. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { foldItem, next } from "../../../src/engine/pipeline/index.ts";
import { openDirectoryJournal, openDirectoryReader } from "../../../src/journal/index.ts";
import { itemStream, type EndingCode, type ItemEvent } from "../../../src/record/index.ts";
import { saveRun } from "../../../src/hosts/cli/run/local-item.ts";
import { nodeFileSystem } from "../../../src/shared/node-ports.ts";
import { classified, playItem } from "../../engine/item-history.ts";
import { appendItem } from "../../fakes/append-item.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { shell } from "./in-process.ts";

const data = mkdtempSync(join(tmpdir(), "worktrain-pipeline-"));
afterAll(() => rmSync(data, { recursive: true }));
const cli = shell({ data });

describe("pipeline explain", () => {
  const bug = { taskKind: "bug", taskComplexity: "medium", riskLevel: "low", taskMaturity: "specced", interpretation: "Round first.", ambiguities: [] };

  test("says for a classification which sessions would run, why, and what comes after each end; from JSON and from a file", async () => {
    const { text, data: said } = await cli.run("pipeline", "explain", "--classification", JSON.stringify(bug));
    expect(said).toMatchObject({ mode: "investigate", why: ["a bug", expect.stringContaining("bug, medium")] });
    expect(said.steps.find(({ phase }: { phase: string }) => phase === "investigate")).toMatchObject({ phase: "investigate", workflowId: "wr.bug-investigation", leadsTo: [{ next: "code: wr.coding-task" }, { next: expect.stringMatching(/^stops \(reported\)/) }, { next: expect.stringMatching(/^stops \(reported\)/) }] });
    expect(text).toContain("review: wr.mr-review\n  why: every change is reviewed before it is delivered: this is the first version\n  tools: read, glob, grep and nothing else\n  clean -> delivered");
    const file = join(data, "classification.json");
    writeFileSync(file, JSON.stringify(bug));
    expect((await cli.run("pipeline", "explain", "--classification", file)).data).toEqual(said);
  });

  test("shows the rules and every mode when no task is described; a mode alone shows its sessions", async () => {
    const { text } = await cli.run("pipeline", "explain");
    expect(text).toContain("refactor: a refactoring");
    expect(text).toContain("shape: wr.shaping, if it is an idea, rough or large.");
    expect((await cli.run("pipeline", "explain", "--mode", "quick")).data.steps.map(({ phase }: { phase: string }) => phase).slice(0, 6)).toEqual(["look", "classify", "look", "code", "code", "review"]);
    expect(text).not.toContain("nothing yet");
    const full = await cli.run("pipeline", "explain", "--mode", "full");
    expect(full.data.conditional.map(({ phase, when }: { phase: string; when: string }) => `${phase} ${when}`)).toEqual(expect.arrayContaining(["discover it is still an idea", "shape it is an idea, rough or large"]));
    expect(full.text).toContain("left out below; --classification FILE|JSON shows them in their place:\n  discover: wr.discovery, if it is still an idea.");
    const idea = await cli.run("pipeline", "explain", "--mode", "full", "--classification", '{"taskComplexity": "medium", "taskMaturity": "idea"}');
    expect(idea.data.steps.map(({ phase }: { phase: string }) => phase).slice(0, 6)).toEqual(["look", "classify", "look", "discover", "shape", "code"]);
    expect(idea.data.conditional).toEqual([]);
    const large: readonly { workflowId: string | null; leadsTo: readonly { next: string }[] }[] = (await cli.run("pipeline", "explain", "--mode", "implement", "--decompose", "never", "--classification", '{"taskComplexity": "large"}')).data.steps;
    const [joining, review] = ["wr.slices-join", "wr.mr-review"].map((id) => large.findIndex(({ workflowId }) => workflowId === id));
    expect(large[joining ?? -1]?.leadsTo.map((each) => each.next)).toEqual(["review: wr.mr-review"]);
    expect(joining).toBeLessThan(review ?? -1);
    expect(text).toContain("review: wr.mr-review, if a pull request is labelled");
  });

  test("shows the path of a pull request under review, which is never classified nor mended", async () => {
    const { steps, mode } = (await cli.run("pipeline", "explain", "--mode", "review-only")).data;
    expect(mode).toBe("review-only");
    expect(steps).toMatchObject([{ phase: "review", workflowId: "wr.mr-review", allowedTools: ["read", "glob", "grep"] }]);
    expect(JSON.stringify(steps)).not.toContain("000000");
    expect(steps[0].leadsTo.map((each: { next: string }) => each.next)).toEqual(expect.arrayContaining([expect.stringMatching(/^stops \(reviewed\):.* clean/), expect.stringMatching(/^stops \(reviewed\):.* blocking/)]));
  });

  test.each<[string, readonly string[], string]>([
    ["a mode that is not there", ["--mode", "fast"], "--mode fast is unknown. Use one of: auto, quick"],
    ["a file that is not there", ["--classification", "none.json"], "There is no file none.json."],
    ["broken JSON", ["--classification", "{"], "is no JSON"],
    ["a classification that is none", ["--classification", '{"riskLevel": "huge"}'], "does not fit wr.contracts.classification"],
    ["rounds that are none", ["--mode", "quick", "--max-rounds", "0"], "Give a whole number from 1 to 10."],
  ])("%s is told with its cure", async (_, options, words) => {
    expect(await cli.refusal("pipeline", "explain", ...options)).toContain(words);
  });
});

describe("a local task that asks whether it was understood", () => {
  const waiting = async (name: string): Promise<string> => {
    const place = { name, id: `0/${name}/1`, directory: join(data, "items", name) };
    saveRun(place, { goal: "Mend it", source: data, base: { ref: "main", sha: "a".repeat(40) }, sandbox: "bubblewrap" });
    const { events } = playItem({ mode: "auto", confirm: "ambiguous" }, [classified({ ambiguities: ["which?"] })]);
    const journal = await openDirectoryJournal({ directory: join(place.directory, "journal"), fs: nodeFileSystem, clock: fakeClock() });
    await appendItem(journal, place.id, events.slice(0, events.findIndex(({ kind }) => kind === "interpretation_answered")));
    await journal.close();
    return name;
  };
  const standing = async (name: string) => {
    const reader = await openDirectoryReader({ directory: join(data, "items", name, "journal"), fs: nodeFileSystem });
    return next(foldItem((await reader.read(itemStream(`0/${name}/1`))) as readonly ItemEvent[]));
  };

  test("goes on once it is approved, and takes one answer only", async () => {
    const item = await waiting("local-yes");
    expect((await cli.run("approve", item)).data).toMatchObject({ name: item, verdict: "approved", by: "cli", resume: `worktrain resume ${item}` });
    expect(await standing(item)).toMatchObject({ kind: "run-session", phase: "code" });
    expect(await cli.refusal("approve", item)).toContain("asks nobody");
  });

  test("ends with the reason when it is rejected; a rejection without one is refused", async () => {
    const item = await waiting("local-no");
    expect(await cli.refusal("reject", item)).toContain("needs --reason");
    await cli.run("reject", item, "--reason", "the other one", "--by", "ada");
    expect(await standing(item)).toMatchObject({ kind: "stop", ending: "needs-answer", reason: { message: expect.stringContaining("ada rejected how the task was understood: the other one") } });
  });

  test("an item that is not there is told", async () => {
    expect(await cli.refusal("approve", "local-none")).toContain("There is no item");
    expect(await cli.refusal("approve")).toContain("Name its ITEM");
  });
});

describe("a local task that has stopped", () => {
  let made = 0;
  const stoppedAs = async (ending: EndingCode, outcome: "stopped" | "deliver" = "stopped"): Promise<string> => {
    made += 1;
    const name = `local-stopped${made}`;
    const place = { name, id: `0/${name}/1`, directory: join(data, "items", name) };
    saveRun(place, { goal: "Mend it", source: data, base: { ref: "main", sha: "a".repeat(40) }, sandbox: "bubblewrap" });
    const { events } = playItem({ mode: "auto", confirm: "ambiguous" }, [classified({ ambiguities: ["which?"] })]);
    const journal = await openDirectoryJournal({ directory: join(place.directory, "journal"), fs: nodeFileSystem, clock: fakeClock() });
    const end: ItemEvent = { kind: "item_ended", data: { outcome, ending, reason: null, snapshot: null } };
    await appendItem(journal, place.id, [...events.slice(0, events.findIndex(({ kind }) => kind === "interpretation_answered")), end]);
    await journal.close();
    return name;
  };
  /** What the command says first of all when nothing speaks against going on. */
  const GOES_ON = "ANTHROPIC_API_KEY is not set";

  test.each<EndingCode>(["unclear", "blocked", "review-blocking", "tests-red", "needs-answer", "reported", "not-completed", "no-verdict"])("%s goes on", async (ending) => {
    const item = await stoppedAs(ending);
    expect(await cli.refusal("resume", item, "--tell", "The second one.")).toContain(GOES_ON);
    expect(await cli.refusal("resume", item, "--from", "classify")).toContain(GOES_ON);
    expect(await cli.refusal("run", "--resume", item)).toContain(GOES_ON);
  });

  test.each<EndingCode>(["completed", "decomposed", "duplicate", "nothing-to-do"])("%s is over", async (ending) => {
    expect(await cli.refusal("resume", await stoppedAs(ending))).toContain("there is nothing to resume");
  });

  test("what was left as a branch is not gone back on", async () => {
    const item = await stoppedAs("ready", "deliver");
    expect(await cli.refusal("resume", item)).toContain(GOES_ON);
    expect(await cli.refusal("resume", item, "--from", "code")).toContain(`${item} is done: its branch is worktrain/${item}.`);
  });

  test.each<[string, readonly string[], string]>([
    ["a phase that is none", ["--from", "coding"], "--from coding is no phase. Phases are: classify, "],
    ["a phase it did not have", ["--from", "code"], "has no phase code to go back to. It went through: classify."],
    ["no words", ["--tell", " "], "--tell says nothing."],
    ["too many words", ["--tell", "x".repeat(16_001)], "The text has 16001 characters"],
  ])("%s is told with its cure", async (_, options, words) => {
    expect(await cli.refusal("resume", await stoppedAs("unclear"), ...options)).toContain(words);
  });
});
