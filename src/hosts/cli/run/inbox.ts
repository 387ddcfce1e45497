/**
 * What people say to a run while it is at work: files in the item's directory that only this user can write.
 * T1. A word ends as read or as missed, and whoever said it can see which.
 */
import { join } from "node:path";
import { z } from "zod";
import type { Steer } from "../../../agent/index.ts";
import type { Clock, Random } from "../../../shared/ports.ts";
import { makePrivateDirectory, movePrivately, privateFiles, readPrivately, removePrivately, writePrivately } from "./private-files.ts";

/** About 4,000 tokens: more belongs into a file of the repository. */
export const MOST_TOLD_CHARS = 16_000;

const toldSchema = z.object({
  v: z.literal(1),
  /** Null: whichever session of the pipeline is at work. */
  sessionId: z.string().nullable(),
  text: z.string().min(1).max(MOST_TOLD_CHARS),
});
export type Told = Readonly<z.infer<typeof toldSchema>>;

export type Fate = "waiting" | "read" | "missed";

/** The side of whoever speaks. */
export interface Mailbox {
  /** @returns the name of the file */
  put(told: Omit<Told, "v">): string;
  fate(name: string): Fate;
  /** Forgets one whose fate was seen. */
  forget(name: string): void;
}

/** The side of the run. */
export interface Inbox {
  /** What waits for the session, oldest first; each is done with once its `delivered` was called. @param main it is the pipeline's, not one that works for it */
  steers(sessionId: string, main: boolean): Promise<readonly Steer[]>;
  /** Gives up what was not read (T1). @returns the texts */
  close(): readonly string[];
}

/** Sorts by time, and no other process makes it. */
export const letterName = ({ clock, random }: { readonly clock: Clock; readonly random: Random }): string => `${clock.nowMs().toString().padStart(15, "0")}-${Buffer.from(random.bytes(4)).toString("hex")}`;

const places = (directory: string) => ({ waiting: join(directory, "inbox"), read: join(directory, "inbox", "read"), missed: join(directory, "inbox", "missed") });

/** @param directory of the item @param nameOf `letterName` */
export function openMailbox(directory: string, nameOf: () => string): Mailbox {
  const { waiting, read, missed } = places(directory);
  for (const each of [waiting, read, missed]) makePrivateDirectory(each);
  return {
    put(told) {
      const name = `${nameOf()}.json`;
      writePrivately(waiting, name, { v: 1, ...told } satisfies Told);
      return name;
    },
    fate: (name) => (privateFiles(read).includes(name) ? "read" : privateFiles(missed).includes(name) ? "missed" : "waiting"),
    forget: (name) => [waiting, read, missed].forEach((each) => removePrivately(each, name)),
  };
}

/** Opens the inbox of an item that this process works on; what an earlier run left unread is read by this one. */
export function openInbox(directory: string): Inbox {
  const { waiting, read, missed } = places(directory);
  for (const each of [waiting, read, missed]) makePrivateDirectory(each);
  const letters = (): readonly { readonly name: string; readonly told: Told }[] =>
    privateFiles(waiting).flatMap((name) => {
      const parsed = toldSchema.safeParse(readPrivately(waiting, name));
      if (parsed.success) return [{ name, told: parsed.data }];
      movePrivately(waiting, missed, name);
      return [];
    });
  return {
    async steers(sessionId, main) {
      return letters()
        .filter(({ told }) => told.sessionId === sessionId || (main && told.sessionId === null))
        .map(({ name, told }) => ({ source: "person" as const, text: told.text, delivered: async () => void movePrivately(waiting, read, name) }));
    },
    close() {
      const left = letters();
      for (const { name } of left) movePrivately(waiting, missed, name);
      return left.map(({ told }) => told.text);
    },
  };
}
