/**
 * Where sessions lie in a data directory: `sessions/<id>/journal` holds a session and its children, and `session.json` beside it
 * what belongs to this machine and to finding it again. The journal is the truth; the card is only an index.
 */
import { join } from "node:path";
import { z } from "zod";
import { canonicalJson } from "../../shared/json.ts";
import type { FileSystem } from "../../shared/ports.ts";

const cardSchema = z.object({
  sessionId: z.string(),
  workflowId: z.string(),
  goal: z.string(),
  /** Absolute; where the client works and verifications run. Null when the session has none. */
  workspacePath: z.string().nullable(),
  /** Folder of the workflow's file when it was started by path: its children may lie there. */
  workflowFolder: z.string().nullable(),
  startedAt: z.string(),
});
/** What a session's children and verifications are looked up by. */
export type SessionPlaces = Pick<SessionCard, "workspacePath" | "workflowFolder">;
export type SessionCard = z.infer<typeof cardSchema>;

/** As the record allows them; also what keeps an id from being a path. */
const SESSION_ID = /^[a-z0-9-]{1,64}$/;
/** `<time>-<random>`; a child's id begins with its root's. */
const ROOT_ID = /^[a-z0-9]+-[0-9a-f]{8}(?=-|$)/;

/** The id of the root of the tree that a session is in. */
export const rootOf = (sessionId: string): string => ROOT_ID.exec(sessionId)?.[0] ?? sessionId;

export interface SessionFiles {
  journalDirectory(rootId: string): string;
  write(card: SessionCard): void;
  /** Forgets a session that could not be started. */
  remove(rootId: string): void;
  /** Null when there is no such session, or its card cannot be read. */
  card(rootId: string): SessionCard | null;
  /** Every session that has a card, newest first. */
  all(): readonly SessionCard[];
}

export function sessionFiles(fs: FileSystem, dataDirectory: string): SessionFiles {
  const root = join(dataDirectory, "sessions");
  const card = (rootId: string): SessionCard | null => {
    if (!SESSION_ID.test(rootId)) return null;
    const bytes = fs.read(join(root, rootId, "session.json"));
    return bytes === null ? null : parseCard(new TextDecoder().decode(bytes));
  };
  return {
    journalDirectory: (rootId) => join(root, rootId, "journal"),
    write(made) {
      fs.makeDirectory(join(root, made.sessionId));
      fs.writeDurably(join(root, made.sessionId, "session.json"), new TextEncoder().encode(canonicalJson(made)));
    },
    remove: (rootId) => fs.remove(join(root, rootId)),
    card,
    all: () =>
      fs
        .list(root)
        .flatMap((rootId) => card(rootId) ?? [])
        .toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1)),
  };
}

function parseCard(text: string): SessionCard | null {
  try {
    return cardSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
