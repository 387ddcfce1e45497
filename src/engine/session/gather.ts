/** Context-gather steps: what is already there, what the host is to look at, and what if nothing is found. */
import type { ContextSource, EngineEvent } from "../../record/index.ts";
import type { Json, JsonObject } from "../../shared/json.ts";
import type { GatherStep } from "../../workflow/index.ts";
import { completed, gapOnce } from "./events.ts";
import { valuesAt } from "./rendered-step.ts";
import type { SessionNode, SessionStart } from "./state.ts";

const URL_IN_TEXT = /https?:\/\/[^\s<>"'`)\]]+/;

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
      const named = values["taskUrl"];
      const url = typeof named === "string" && URL_IN_TEXT.test(named) ? named : URL_IN_TEXT.exec(start.goal)?.[0];
      if (url !== undefined) sources.push({ kind: "task_url", url });
    } else {
      const value = Object.hasOwn(values, source.key) ? values[source.key] : null;
      if (value !== null && value !== undefined) return { sources, atHand: { source: `injected: ${source.key}`, value } };
    }
  }
  return { sources, atHand: null };
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

/** The event for what the host found; when it found nothing, what was at hand behind its sources counts. */
export function foundContext(step: GatherStep, start: SessionStart, node: SessionNode, found: { readonly source: string; readonly value: Json } | null): EngineEvent {
  return gathered(step, node, found ?? wantedOf(step, start, valuesAt(start, node)).atHand);
}

const gathered = (step: GatherStep, node: SessionNode, found: { readonly source: string; readonly value: Json } | null): EngineEvent => ({
  kind: "context_gathered",
  data: { nodeId: node.id, key: step.outputVar, source: found?.source ?? null, value: found?.value ?? null },
});
