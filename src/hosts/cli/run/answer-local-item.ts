import { join } from "node:path";
import { answerItem, type QuestionAnswer } from "../../../coordinator/index.ts";
import { openDirectoryJournal } from "../../../journal/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import type { CliWorld, CommandResult } from "../command.ts";
import { savedItem } from "./local-item.ts";
import { resumeCommand } from "./run-report.ts";
import { listRunning, runningDirectory } from "./running.ts";

/** Writes a person's answer into a local item's journal; the next run of the item goes by it. @throws TerminalError when it is at work, or asks nothing */
export async function answerLocalItem(
  world: Pick<CliWorld, "fs" | "clock">,
  { item, places, answer }: { readonly item: string; readonly places: { readonly data: string; readonly usual: string }; readonly answer: QuestionAnswer },
): Promise<CommandResult> {
  const { place } = savedItem(item, places.data);
  const running = listRunning(runningDirectory(places.usual)).find((each) => each.directory === place.directory);
  if (running !== undefined) throw new TerminalError(`${place.name} is being worked on by process ${running.pid}.`, "Wait until it ends: a run that asks a person ends there.");
  const journal = await openDirectoryJournal({ directory: join(place.directory, "journal"), fs: world.fs, clock: world.clock });
  try {
    const answered = await answerItem(journal, place.id, answer);
    if (!answered.ok) throw new TerminalError(answered.error.message, answered.error.fix);
  } finally {
    await journal.close();
  }
  const resume = resumeCommand(place.name, places.data, places.usual);
  return { exitCode: 0, text: `${answer.verdict === "approved" ? "Approved" : "Rejected"}: ${place.name}\nGo on with: ${resume}`, data: { item: place.id, name: place.name, ...answer, resume } };
}
