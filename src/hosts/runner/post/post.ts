/**
 * The post step of the agent job: what a main step that was killed left on the disk and did not save is saved (faults 37, 41).
 * It reads no ticket and decides nothing: the next run restores what it stores, and checks it as it checks everything.
 */
import { createSegmentSaver, leftBehind, type SegmentStore } from "../../../journal/index.ts";
import { parseSegmentName } from "../../../record/index.ts";
import type { Clock, FileSystem } from "../../../shared/ports.ts";
import { journalDirectory, readSavedState } from "../saved-state.ts";

export interface PostSettings {
  readonly runId: number;
  readonly runAttempt: number;
  readonly runnerTemp: string;
}

export interface PostPorts {
  readonly clock: Clock;
  readonly fs: FileSystem;
  readonly segments: SegmentStore;
}

/** @returns what was done, in one line. @throws TerminalError or RetryableError when something is left and cannot be saved */
export async function saveWhatIsLeft({ runId, runAttempt, runnerTemp }: PostSettings, { clock, fs, segments }: PostPorts): Promise<string> {
  const state = readSavedState(fs, runnerTemp);
  const name = state === null ? null : parseSegmentName(state.name);
  if (state === null || name === null || name.runId !== runId || name.runAttempt !== runAttempt) return "There is no journal of this job to save.";
  const { journal, earlier, unsaved } = await leftBehind({ directory: journalDirectory(runnerTemp), fs, savedLines: state.lines });
  if (unsaved === 0) return "Everything was saved.";
  const saver = createSegmentSaver({ journal, earlier, store: segments, clock, item: name.item, runId, runAttempt, previous: state.digest, firstIndex: state.index + 1 });
  // Without an ending: how the run ended is told by its conclusion. A probe's name would not go with what it holds.
  const phase = name.phase === "probe" ? "classify" : name.phase;
  const saved = await saver.save({ phase, step: "post", costMilliUsd: name.costMilliUsd, ending: null }, { compact: true });
  return `The main step ended without saving ${unsaved} events; they are saved now (${saved.name}).`;
}
