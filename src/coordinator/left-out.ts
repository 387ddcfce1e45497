import { readManifest } from "../record/manifest.ts";
import { revealHidden } from "../shared/hidden.ts";
import { fence } from "../workflow/index.ts";
import { lastSnapshot } from "./seat.ts";
import type { Seat } from "./tree.ts";

/** Files named in one telling; each next one has the rest. */
const MOST_NAMED = 50;

/** Tells an agent once of each file that it changed and no snapshot can hold: what it left there is in no change. Empty when there is none. */
export function tellLeftOut({ session, tree: { deps } }: Seat): () => Promise<string> {
  const told = new Set<string>();
  return async () => {
    const snapshot = lastSnapshot(session.history());
    const bytes = snapshot === null ? null : await deps.journal.getBlob(snapshot.manifest);
    const manifest = bytes === null ? null : readManifest(bytes);
    if (manifest === null || !manifest.ok) return "";
    const fresh = manifest.value.unsupported.filter(({ path }) => !told.has(path)).slice(0, MOST_NAMED);
    if (fresh.length === 0) return "";
    for (const { path } of fresh) told.add(path);
    const list = fresh.map(({ path, reason }) => `${JSON.stringify(path)}: ${reason}`).join("\n");
    return `\n\nThese files differ and cannot be part of the change. Keep what matters under another name or in another form:\n${fence(revealHidden(list))}`;
  };
}
