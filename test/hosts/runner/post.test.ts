/** The post step: what a killed main step left on the runner's disk reaches the store, and nothing else does. */
import { expect, test } from "vitest";
import { saveWhatIsLeft } from "../../../src/hosts/runner/post/post.ts";
import { journalDirectory, writeSavedState } from "../../../src/hosts/runner/saved-state.ts";
import { assembleSegments, createMemorySegmentStore, createSegmentSaver, newestChain, openDirectoryJournal } from "../../../src/journal/index.ts";
import { parseSegmentName, type Head } from "../../../src/record/index.ts";
import { TerminalError } from "../../../src/shared/errors.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { memoryDisk } from "../../fakes/file-system.ts";
import { steered } from "../../journal/events.ts";
import { appendOk } from "../../journal/suite.ts";

const SETTINGS = { runId: 5, runAttempt: 1, runnerTemp: "/tmp/runner" };

/** A main step that saves its first event and was killed after appending the others. */
async function killedJob(unsaved: readonly string[]) {
  const { fileSystem: fs } = memoryDisk();
  const clock = fakeClock();
  const segments = createMemorySegmentStore({ runId: 5 });
  const journal = await openDirectoryJournal({ directory: journalDirectory(SETTINGS.runnerTemp), fs, clock });
  const saver = createSegmentSaver({
    journal,
    store: segments,
    item: { repositoryId: 7, subject: "issue-12", attempt: 1 },
    runId: 5,
    runAttempt: 1,
    previous: null,
    earlier: { lines: [], refs: [] },
    onSaved: (saved) => writeSavedState(fs, SETTINGS.runnerTemp, saved),
  });
  let head: Head | null = await appendOk(journal, "session/a", null, [steered("saved")]);
  await saver.save({ phase: "code", step: "implement", costMilliUsd: 12, ending: null });
  const append = async (text: string): Promise<Head> => (head = await appendOk(journal, "session/a", head, [steered(text)]));
  for (const text of unsaved) await append(text);
  return { fs, clock, segments, head, saver, append };
}

test("fault 37: what was appended and not saved is saved, as one segment that ends where the disk does", async () => {
  const { fs, clock, segments, head } = await killedJob(["two", "three"]);
  const said = await saveWhatIsLeft(SETTINGS, { fs, clock, segments });
  expect(said).toMatch(/ended without saving 2 events; they are saved now/);
  const assembled = assembleSegments(newestChain(segments.stored()));
  expect(assembled.ok && (await assembled.value.reader.head("session/a"))).toEqual(head);
  // How the run ended is told by its conclusion: no ending code.
  expect(parseSegmentName(segments.stored().at(-1)?.name ?? "")).toMatchObject({ index: 11, phase: "code", step: "post", costMilliUsd: 12, ending: null });
});

test("fault 37: it counts as newer than an upload that the main step did not live to note, whatever that was called", async () => {
  const { fs, clock, segments, saver, append } = await killedJob(["two"]);
  const noted = fs.read("/tmp/runner/worktrain/saved.json") ?? new Uint8Array();
  await saver.save({ phase: "code", step: "another-step", costMilliUsd: 13, ending: null });
  fs.writeDurably("/tmp/runner/worktrain/saved.json", noted);
  const head = await append("three");
  await saveWhatIsLeft(SETTINGS, { fs, clock, segments });
  const assembled = assembleSegments(newestChain(segments.stored()));
  expect(assembled.ok && (await assembled.value.reader.head("session/a"))).toEqual(head);
});

test("after a main step that saved everything, one of another run and one that kept no journal nothing is stored", async () => {
  const { fs, clock, segments } = await killedJob([]);
  expect(await saveWhatIsLeft(SETTINGS, { fs, clock, segments })).toBe("Everything was saved.");
  expect(await saveWhatIsLeft({ ...SETTINGS, runId: 6 }, { fs, clock, segments })).toBe("There is no journal of this job to save.");
  expect(await saveWhatIsLeft({ ...SETTINGS, runnerTemp: "/elsewhere" }, { fs, clock, segments })).toBe("There is no journal of this job to save.");
  expect(segments.stored()).toHaveLength(1);
});

test("fault 41: the end of an append that was cut off is left out", async () => {
  const { fs, clock, segments } = await killedJob(["two"]);
  const path = `${journalDirectory(SETTINGS.runnerTemp)}/epochs/000001.jsonl`;
  fs.writeDurably(path, Buffer.concat([fs.read(path) ?? Buffer.alloc(0), Buffer.from('{"at":"20')]));
  await saveWhatIsLeft(SETTINGS, { fs, clock, segments });
  const assembled = assembleSegments(newestChain(segments.stored()));
  expect(assembled.ok && assembled.value.lines).toHaveLength(2);
});

test("a journal that does not fit is refused with file and line, and nothing of it is stored", async () => {
  const { fs, clock, segments } = await killedJob(["two"]);
  const path = `${journalDirectory(SETTINGS.runnerTemp)}/epochs/000001.jsonl`;
  fs.writeDurably(path, Buffer.from(Buffer.from(fs.read(path) ?? []).toString().replace("two", "tow").replace("saved", "saves")));
  await expect(saveWhatIsLeft(SETTINGS, { fs, clock, segments })).rejects.toThrow(TerminalError);
  expect(segments.stored()).toHaveLength(1);
});
