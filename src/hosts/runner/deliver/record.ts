import { join } from "node:path";
import { createSegmentSaver, openDirectoryJournal, seedDirectory, type Journal } from "../../../journal/index.ts";
import { itemStream, parseItemId, parseSegmentName, type EndingCode, type Head, type ItemEvent } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { createRedactor } from "../../../shared/redact.ts";
import type { Verified } from "./provenance.ts";
import type { DeliverPorts, DeliverSettings } from "./settings.ts";

/** The item's stream as the deliver job goes on with it: the agent's part verified, ours after it. */
export interface DeliveryRecord {
  readonly journal: Journal;
  /** Of the agent job's report among the run's artifacts. */
  readonly reportId: number | null;
  append(event: ItemEvent): Promise<void>;
  /** Persists our part as one segment behind the agent's. A failure is logged: what is done on GitHub stays and is found again. */
  save(step: string, costMilliUsd: number, ending: EndingCode): Promise<void>;
}

/** @throws TerminalError when the directory holds a journal already */
export async function openRecord(settings: DeliverSettings, ports: DeliverPorts, { assembled, refs, reportId }: Verified): Promise<DeliveryRecord> {
  const directory = join(settings.runnerTemp, "worktrain", "deliver-journal");
  await seedDirectory({ directory, fs: ports.fs, assembled });
  const journal = await openDirectoryJournal({ directory, fs: ports.fs, clock: ports.clock, redact: createRedactor([settings.token]) });
  const stream = itemStream(settings.item);
  let head: Head | null = await journal.head(stream);
  return {
    journal,
    reportId,
    async append(event) {
      const appended = await journal.append(stream, head, [event]);
      if (!appended.ok) throw new TerminalError(appended.error.message, appended.error.fix);
      head = appended.value;
    },
    async save(step, costMilliUsd, ending) {
      // A preview is no delivery: the next run goes on from what the agent job saved.
      if (settings.staged) return;
      const item = parseItemId(settings.item);
      if (ports.segments === null || item === null) return;
      const { runId, runAttempt } = settings;
      const firstIndex = 1 + Math.max(0, ...refs.filter((ref) => ref.runId === runId).map((ref) => parseSegmentName(ref.name)?.index ?? 0));
      const saver = createSegmentSaver({ journal, store: ports.segments, clock: ports.clock, item, runId, runAttempt, previous: assembled.digests.at(-1) ?? null, firstIndex });
      try {
        const saved = await saver.save({ phase: "deliver", step, costMilliUsd, ending });
        ports.log(`Saved ${saved.name}.`);
      } catch (error) {
        ports.log(`The deliver job's part of the record could not be saved: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  };
}
