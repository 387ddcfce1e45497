/**
 * The runs of this user on this machine, one file each, wherever their journals are: who may be told something or cancelled.
 * R1. A process is signalled only while its number still belongs to the process that wrote the file.
 */
import { join } from "node:path";
import { z } from "zod";
import { parseItemId } from "../../../record/index.ts";
import { makePrivateDirectory, privateFiles, readPrivately, removePrivately, writePrivately } from "./private-files.ts";
import { processIdentity } from "./process-identity.ts";

const runningSchema = z.object({
  v: z.literal(1),
  pid: z.int().min(1),
  identity: z.string(),
  /** Name of the item below `items/`. */
  item: z.string(),
  /** The item's directory. */
  directory: z.string(),
  /** At work now: the pipeline's session first, then those that work for it; none before the first. */
  sessionIds: z.array(z.string()),
});
export type Running = Readonly<z.infer<typeof runningSchema>>;

export interface Registration {
  /** Notes which sessions are at work. */
  sessions(sessionIds: readonly string[]): void;
  end(): void;
}

export const runningDirectory = (dataDirectory: string): string => join(dataDirectory, "running");

/** Puts this process on the list until `end`. */
export function register(directory: string, work: Pick<Running, "item" | "directory">): Registration {
  makePrivateDirectory(directory);
  const name = `${process.pid}.json`;
  const write = (sessionIds: readonly string[]): void => writePrivately(directory, name, { v: 1, pid: process.pid, identity: processIdentity(process.pid) ?? "", ...work, sessionIds: [...sessionIds] } satisfies Running);
  write([]);
  return { sessions: write, end: () => removePrivately(directory, name) };
}

/** The runs whose process is alive; files of others are removed (R1). */
export function listRunning(directory: string): readonly Running[] {
  return privateFiles(directory).flatMap((name) => {
    const parsed = runningSchema.safeParse(readPrivately(directory, name));
    if (parsed.success && isRunning(parsed.data)) return [parsed.data];
    removePrivately(directory, name);
    return [];
  });
}

/** The run that a session's id, an item's name or its id means. */
export const findRunning = (runs: readonly Running[], target: string): Running | null =>
  runs.find(({ sessionIds, item }) => sessionIds.includes(target) || item === target || item === parseItemId(target)?.subject) ?? null;

export const isRunning = ({ pid, identity }: Running): boolean => processIdentity(pid) === identity;

/** Signals the process if it is still the one that is meant (R1). @returns whether it was there */
export function signalRunning(running: Running, signal: "SIGINT" | "SIGTERM"): boolean {
  if (!isRunning(running)) return false;
  try {
    process.kill(running.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}
