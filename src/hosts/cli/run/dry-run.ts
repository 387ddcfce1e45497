/** `worktrain run --dry-run`: what the first request would hold and cost. No model runs, and nothing is written or changed. */
import { resolve } from "node:path";
import { modelsOf } from "../../../config/index.ts";
import { contextWords } from "../../../report/index.ts";
import { estimateWords, type Layer } from "../../../coordinator/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { modelPrice } from "../../../shared/models.ts";
import { lookAtClone } from "../../../workspace/index.ts";
import type { CommandResult } from "../command.ts";
import type { LocalRun } from "./asked-run.ts";
import { committedConfig } from "./committed-config.ts";
import type { RunPorts } from "./item-deps.ts";
import { rehearse, type FirstRequest, type Rehearsed } from "./rehearsal.ts";
import { countLayers, type TokenCounts } from "./token-counts.ts";

/** @throws TerminalError on what keeps the run itself from starting */
export async function dryRun(run: LocalRun, ports: RunPorts): Promise<CommandResult> {
  const { task } = run;
  if (task.kind === "resume") throw new TerminalError("--dry-run shows the start of a task; it does not go with --resume.", "Give --goal and --workspace.");
  const clone = await lookAtClone({ source: resolve(task.workspace), processes: ports.processes });
  const config = await committedConfig(clone);
  const notes: string[] = [];
  const rehearsed = await rehearse({ run, task, clone, config }, { ...ports, log: (line) => notes.push(line) });
  const counts = await countLayers(run.model, rehearsed);
  const cost = costOf(rehearsed.request, counts.total);
  const { name, tiers } = modelsOf(config);
  const models = { default: name, ...tiers };
  const { phase, workflowId, prompt, request, estimate } = rehearsed;
  const layers = [...prompt.system, ...prompt.opening].map((layer, index) => ({ ...described(layer), tokens: counts.layers[index] ?? 0 }));
  const modelLine = Object.entries(models).map(([tier, model]) => `${tier} ${model}`).join(", ");
  const text = [
    "Dry run: this is what the first request would hold. No model ran; nothing was written or changed.",
    `Starts with: ${phase}, workflow ${workflowId}, model ${request.model}. Models: ${modelLine}.`,
    `First turn: reads ${counts.total.toLocaleString("en-US")} tokens, about $${cost.inputUsd.toFixed(4)}; with the longest answer it may give (${request.max_tokens.toLocaleString("en-US")} tokens) at most $${cost.mostUsd.toFixed(4)}.`,
    ...(estimate === null ? [] : [`The whole task: expected to cost ${estimateWords(estimate)}. Basis: ${estimate.basis}.`]),
    ...(clone.uncommitted === 0 ? [] : [`Would not be taken along: ${clone.uncommitted} uncommitted files.`]),
    ...notes,
    "",
    layerTable(rehearsed, counts),
    `Context: ${contextWords(prompt.context)}.`,
    `Tokens are ${counts.how}. --json prints the request's body as it would be sent.`,
    "",
    ...requestText(request),
  ].join("\n");
  return {
    exitCode: 0,
    text,
    data: { dryRun: true, phase, workflow: workflowId, models, layers, context: prompt.context, tokens: { tools: counts.tools, total: counts.total, how: counts.how }, cost, estimate, notes, uncommitted: clone.uncommitted, request },
  };
}

const described = ({ name, source, trusted, text }: Layer) => ({ name, source, trusted, characters: text.length });

/** By list price: all of the input written to the cache, as a first turn does, and the longest answer. */
function costOf(request: FirstRequest, inputTokens: number): { readonly inputUsd: number; readonly mostUsd: number } {
  const price = modelPrice(request.model);
  if (!price.ok) throw new TerminalError(price.error.message, price.error.fix);
  const inputUsd = (inputTokens * price.value.cacheWrite) / 1_000_000;
  return { inputUsd, mostUsd: inputUsd + (request.max_tokens * price.value.output) / 1_000_000 };
}

function layerTable({ prompt, request }: Rehearsed, counts: TokenCounts): string {
  const row = (tokens: number, characters: number, name: string, source: string): string => `${tokens.toLocaleString("en-US").padStart(9)} ${characters.toLocaleString("en-US").padStart(11)}  ${name.padEnd(18)} ${source}`;
  const all = [...prompt.system, ...prompt.opening];
  return [
    `${"tokens".padStart(9)} ${"characters".padStart(11)}  ${"layer".padEnd(18)} source`,
    ...all.map(({ name, source, text, trusted }, index) => row(counts.layers[index] ?? 0, text.length, name, `${source}${trusted ? "" : " (data, fenced)"}${index < prompt.system.length ? " [system prompt]" : ""}`)),
    row(counts.tools, JSON.stringify(request.tools).length, "tools", `${request.tools.length} tools`),
    row(counts.total, JSON.stringify(request).length, "the whole request", ""),
  ].join("\n");
}

/** Texts as they are, the rest as JSON: together they are the request. */
function requestText({ system, tools, messages, ...rest }: FirstRequest): readonly string[] {
  const blockText = (block: FirstRequest["system"][number]): string => (typeof block["text"] === "string" ? block["text"] : JSON.stringify(block));
  return [
    "===== system prompt =====",
    ...system.map(blockText),
    "",
    ...messages.flatMap(({ role, content }, index) => [`===== message ${index + 1} (${role}) =====`, ...content.map(blockText), ""]),
    "===== tools =====",
    ...tools.map((tool) => JSON.stringify(tool)),
    "",
    "===== the rest =====",
    JSON.stringify(rest),
  ];
}
