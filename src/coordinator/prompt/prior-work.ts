/** What earlier sessions of the item came to, for a session that starts without having seen them. */
import type { ItemSession } from "../../engine/pipeline/index.ts";
import { canonicalJson } from "../../shared/json.ts";
import { fence } from "../../workflow/index.ts";
import { revealHidden } from "../../shared/hidden.ts";
import type { Layer } from "./layer.ts";

/** What an agent of an earlier session asked to be remembered. */
export interface RememberedFact {
  readonly kind: string;
  readonly text: string;
  readonly sessionId: string;
}

export interface PriorWork {
  readonly sessions: readonly ItemSession[];
  readonly facts: readonly RememberedFact[];
}

/** Of one session's results, about 1,500 tokens; the newest sessions come first in line when all of it is cut. */
const SESSION_CHARS = 6_000;
const ALL_CHARS = 24_000;

/**
 * The layer, or null when nothing came before. A model wrote all of it: it is data in one fence (I8).
 * What does not fit is counted in words.
 */
export function priorWork({ sessions, facts }: PriorWork): Layer | null {
  const over = sessions.filter((session) => session.result !== null);
  const remembered = facts.map((fact) => `${fact.kind} (${fact.sessionId}): ${fact.text}`);
  const parts: string[] = [];
  let room = ALL_CHARS;
  for (const part of [...remembered.toReversed(), ...over.map(sessionText).toReversed()]) {
    if (part.length > room) break;
    room -= part.length;
    parts.unshift(part);
  }
  const left = remembered.length + over.length - parts.length;
  if (parts.length === 0 && left === 0) return null;
  const cut = left === 0 ? "" : `\nLeft out for length: ${left} of the oldest parts.`;
  return {
    name: "prior work",
    source: `${over.length} earlier sessions, ${facts.length} remembered facts`,
    text: `# Prior work on this task\nWhat earlier sessions handed over and asked to be remembered. They were agents like you: check what matters before you build on it.${cut}\n${fence(revealHidden(parts.join("\n\n")))}`,
    trusted: false,
  };
}

function sessionText({ phase, round, workflowId, result }: ItemSession): string {
  const artifacts = (result?.artifacts ?? []).map(({ contractRef, value }) => `${contractRef}: ${canonicalJson(value)}`);
  const lines = [`${phase} (round ${round}, ${workflowId}): ${result?.outcome ?? "open"}${result?.reason ? `, ${result.reason.message}` : ""}`, ...artifacts];
  const text = lines.join("\n");
  return text.length <= SESSION_CHARS ? text : `${text.slice(0, SESSION_CHARS).toWellFormed()}\n[the first ${SESSION_CHARS} of ${text.length} characters]`;
}
