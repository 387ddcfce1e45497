/** Context-gather steps: what is already there, what the host is to look at, and what if nothing is found. */
import type { ContextSource, EngineEvent } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { GatherStep } from "../../workflow/index.ts";
import { valueProblem } from "../../shared/value-problem.ts";
import { completed, gap, gapOnce } from "./events.ts";
import { valuesAt } from "./rendered-step.ts";
import { contextSizeRefusal } from "./submission.ts";
import type { SessionNode, SessionStart } from "./state.ts";

const URL_IN_TEXT = /https?:\/\/[^\s<>"'`)\]]+/g;
/** Addresses of the goal that are looked at: a goal is a task, not a list of links. */
const GOAL_URLS = 3;
export const SOURCE_MISSED = "context-source-missed";

interface Wanted {
  /** Sources for the host, up to the first that is already at hand. */
  readonly sources: readonly ContextSource[];
  readonly atHand: { readonly source: string; readonly value: Json } | null;
}

function wantedOf(step: GatherStep, start: SessionStart, values: JsonObject): Wanted {
  const sources: ContextSource[] = [];
  for (const source of step.sources) {
    if (source.kind === "local_path") sources.push({ kind: "local_path", path: source.path });
    else if (source.kind === "task_url") {
      sources.push(...taskUrls(values["taskUrl"], start.goal).map((url) => ({ kind: "task_url" as const, url })));
    } else {
      const value = Object.hasOwn(values, source.key) ? values[source.key] : null;
      if (value !== null && value !== undefined) return { sources, atHand: { source: `injected: ${source.key}`, value } };
    }
  }
  return { sources, atHand: null };
}

/** The address that the context names, else those that stand in the goal. */
function taskUrls(named: Json | undefined, goal: string): readonly string[] {
  const inContext = typeof named === "string" ? named.match(URL_IN_TEXT) : null;
  return inContext?.slice(0, 1) ?? [...new Set(goal.match(URL_IN_TEXT) ?? [])].slice(0, GOAL_URLS);
}

/** What follows while the step is out: the first source that has something counts, in the order the author gave. */
export function followGather(step: GatherStep, start: SessionStart, node: SessionNode): readonly EngineEvent[] {
  if (node.gathered === null) {
    const { sources, atHand } = wantedOf(step, start, valuesAt(start, node));
    if (sources.length > 0) return [{ kind: "context_requested", data: { nodeId: node.id, requestId: `${node.id}.context`, sources: [...sources] } }];
    return [gathered(step, node, atHand)];
  }
  if (node.gathered.source !== null || step.optional) return [completed(node)];
  if (start.autonomy !== "full_auto_never_stop") return [];
  return [...gapOnce(node, "context-not-found", `The ${step.contextType} that "${step.title}" looks for was not found.`), completed(node)];
}

/** What the host found in the sources; null when there was nothing. */
export interface GatherAnswer {
  readonly found: { readonly source: string; readonly value: Json } | null;
  /** Sources that it could not read. */
  readonly missed?: readonly { readonly source: string; readonly reason: string }[];
}

/**
 * The events for what the host found; when it found nothing that can be kept, what was at hand behind its sources counts. A source
 * that could not be read is a gap with its reason.
 */
export function foundContext(step: GatherStep, start: SessionStart, node: SessionNode, { found, missed = [] }: GatherAnswer): readonly EngineEvent[] {
  const unkept = found === null ? null : unkeptReason(step, node, found.value);
  const misses = [...missed, ...(found === null || unkept === null ? [] : [{ source: found.source, reason: unkept }])];
  const gaps = misses.map(({ source, reason }) => gap(node.id, SOURCE_MISSED, `${source} was not read: ${reason}.`));
  return [...gaps, gathered(step, node, (unkept === null ? found : null) ?? wantedOf(step, start, valuesAt(start, node)).atHand)];
}

/** Why what was found cannot become context; null when it can. */
function unkeptReason(step: GatherStep, node: SessionNode, value: Json): string | null {
  const problem = valueProblem(value);
  if (problem !== null) return `it holds ${problem}`;
  const tooLarge = contextSizeRefusal({ ...node.context, [step.outputVar]: value });
  return tooLarge === null ? null : tooLarge.message.replace(/\.$/, "");
}

const gathered = (step: GatherStep, node: SessionNode, found: { readonly source: string; readonly value: Json } | null): EngineEvent => ({
  kind: "context_gathered",
  data: { nodeId: node.id, key: step.outputVar, source: found?.source ?? null, value: found?.value ?? null },
});
