/** Titles of steps, from the plans that sessions stayed on. A log tells steps by their ids; the plan is a blob of the journal. */
import { sha256Schema, type Recorded, type SessionEvent } from "../record/index.ts";
import { RetryableError, TerminalError } from "../shared/errors.ts";
import { parsePlan, placeholders, renderLine, type PlanStep } from "../workflow/index.ts";
import type { JsonObject } from "../shared/json.ts";

/** By the plan's SHA-256, then by step. */
export type StepTitles = ReadonlyMap<string, ReadonlyMap<string, string>>;

export const NO_TITLES: StepTitles = new Map();

/** What cannot be read has no titles: the ids say it then. */
export async function readStepTitles(sessions: Iterable<readonly Recorded<SessionEvent>[]>, getBlob: (sha256: string) => Promise<Uint8Array | null>): Promise<StepTitles> {
  const titles = new Map<string, ReadonlyMap<string, string>>();
  for (const events of sessions) {
    const plan = planOf(events);
    if (plan === null || titles.has(plan)) continue;
    const bytes = await blobOrNull(getBlob, plan);
    const parsed = bytes === null ? null : parsePlan(new TextDecoder().decode(bytes));
    titles.set(plan, parsed?.ok === true ? new Map(parsed.value.steps.flatMap(titlesIn)) : new Map());
  }
  return titles;
}

/** A page is made of a log that lost a blob, too. */
async function blobOrNull(getBlob: (sha256: string) => Promise<Uint8Array | null>, sha256: string): Promise<Uint8Array | null> {
  if (!sha256Schema.safeParse(sha256).success) return null;
  try {
    return await getBlob(sha256);
  } catch (error) {
    if (error instanceof TerminalError || error instanceof RetryableError) return null;
    throw error;
  }
}

export const planOf = (events: readonly Recorded<SessionEvent>[]): string | null => events.flatMap((event) => (event.kind === "session_started" ? [event.data.plan] : []))[0] ?? null;

const titlesIn = (step: PlanStep): readonly (readonly [string, string])[] => [[step.id, step.title], ...(step.kind === "loop" ? step.body.flatMap(titlesIn) : [])];

/** A step's title with the loop variables it was offered with; null when it has none, or needs values that the log does not hold beside it. */
export function titleOf(titles: ReadonlyMap<string, string> | undefined, stepId: string, scope: JsonObject = {}): string | null {
  const title = titles?.get(stepId);
  if (title === undefined || placeholders(title).length === 0) return title ?? null;
  const rendered = renderLine(title, scope);
  return rendered.unset.length === 0 ? rendered.text : null;
}
