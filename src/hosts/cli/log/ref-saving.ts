/** The record on a clone's ref while a run is at work: saved at every boundary, as a job on GitHub saves to its artifacts. */
import type { Saving } from "../../../coordinator/index.ts";
import { createSegmentSaver, startAutosave, type Journal } from "../../../journal/index.ts";
import { RetryableError, TerminalError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/ports.ts";
import { holdsSecret, openRef, type PutOnRef, type RefChain } from "./ref-log.ts";
import type { CliWorld } from "../command.ts";

export interface RefSaving extends Saving {
  /** Resolves when nothing is on its way to the ref any more. */
  stop(): Promise<void>;
}

export interface RefSavingOptions extends Omit<PutOnRef, "journal"> {
  readonly journal: Journal;
  /** What the ref and the journal held before this run. */
  readonly from: RefChain;
}

/** Goes on from what is on the ref. What cannot be put there is told and tried again; the work goes on, since the journal holds it. */
export async function saveOnRef({ itemId, journal, clone, secrets, from }: RefSavingOptions, world: Pick<CliWorld, "processes" | "log"> & { readonly clock: Clock }): Promise<RefSaving> {
  const { store, item } = await openRef(itemId, clone, world);
  const saver = createSegmentSaver({
    journal: withoutSecrets(journal, itemId, secrets),
    store,
    item,
    runId: 0,
    runAttempt: 1,
    clock: world.clock,
    previous: from.refs.at(-1)?.digest ?? null,
    earlier: { lines: from.lines, refs: from.refs },
    firstIndex: from.nextIndex,
  });
  const tell = (line: string): void => world.log(`Record on the ref: ${line}`);
  const autosave = startAutosave({ saver, clock: world.clock, place: { phase: "classify", step: "start", costMilliUsd: 0, ending: null }, tell });
  return {
    at: autosave.at,
    soon: autosave.soon,
    stop: autosave.stop,
    async now(boundary) {
      try {
        return await autosave.now(boundary);
      } catch (error) {
        if (!(error instanceof TerminalError) && !(error instanceof RetryableError)) throw error;
        tell(error.message);
      }
    },
  };
}

/** G2 of ref-log.ts, for each part that would be put. */
const withoutSecrets = (journal: Journal, itemId: string, secrets: readonly string[]): Pick<Journal, "epoch" | "since" | "getBlob"> => ({
  epoch: journal.epoch,
  getBlob: (sha256) => journal.getBlob(sha256),
  async since(cursor) {
    const slice = await journal.since(cursor);
    const leak = holdsSecret(itemId, slice, secrets);
    if (leak !== null) throw leak;
    return slice;
  },
});
