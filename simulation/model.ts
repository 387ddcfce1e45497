/** The model of a simulated world: the API's wire format over scripted turns, and everything that can go wrong with it. */
import { z } from "zod";
import { formatEvent, renderMessage, type AnswerBlock, type MessageAnswer } from "../src/hosts/demo/model/answer.ts";
import { alwaysThinks } from "../src/hosts/demo/model/check-request.ts";
import { playScenario, type Scenario, type View } from "../src/hosts/demo/model/player.ts";
import { messagesRequestSchema, systemText, type MessagesRequest } from "../src/hosts/demo/model/request-schema.ts";
import { thinkingOf } from "../src/hosts/demo/model/thinking.ts";
import { PIPELINE } from "../src/engine/pipeline/index.ts";
import { sha256Hex } from "../src/shared/hash.ts";
import type { Json } from "../src/shared/json.ts";
import type { Fetch } from "../src/shared/ports.ts";
import { diceOf, type Dice } from "./dice.ts";
import type { SimProcess } from "./process.ts";
import type { Trouble } from "./trouble.ts";
import { SUM_FILE } from "./workspace.ts";

export const MODEL_API = "https://api.anthropic.com";
/** Bytes to a token, as the local model server estimates it. */
const BYTES_PER_TOKEN = 4;
/** Longer than anybody waits for an answer. */
const STALL_MS = 60 * 60_000;

const requestSchema = z.compile(messagesRequestSchema);

type ModelTrouble = Extract<Trouble, { kind: "model" }>["what"];

/** One request as the model saw it. */
export interface AskedTurn {
  readonly requestId: string;
  readonly process: string;
  /** Of the whole body: the same conversation asked again has the same. */
  readonly promptSha256: string;
  readonly atMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Whether a whole message went out. */
  readonly answered: boolean;
  /** It was told that there is no more money. */
  readonly spendLimit: boolean;
}

export interface SimModelOptions {
  readonly seed: number;
  readonly apiKey: string;
  readonly troubles: readonly Trouble[];
  /** Reviews that find something before one is clean. */
  readonly findings: number;
  readonly nowMs: () => number;
  /** Milliseconds since the world began. */
  readonly elapsedMs: () => number;
  readonly trace: (line: string) => void;
}

export class SimModel {
  readonly asked: AskedTurn[] = [];
  readonly #options: SimModelOptions;
  readonly #dice: Dice;
  readonly #play;
  #count = 0;
  /** Requests still to come that get the same call again. */
  #again = 0;

  constructor(options: SimModelOptions) {
    this.#options = options;
    this.#dice = diceOf(options.seed, "model");
    this.#play = playScenario(scenario(options.findings));
  }

  fetchFor(process: SimProcess): Fetch {
    return async (_input, init) => {
      const text = typeof init?.body === "string" ? init.body : "";
      const trouble = this.#nextTrouble();
      const latencyMs = trouble === "stall" ? 1_000 : 500 + this.#dice.below(8_000);
      const signal = init?.signal ?? new AbortController().signal;
      const answer = process.call(latencyMs, () => this.#answer(process.name, text, trouble));
      // It came in when it was sent; only its answer comes long after whoever asked gave up.
      return await Promise.race([trouble === "stall" ? answer.then((late) => process.call(STALL_MS, () => late)) : answer, aborted(signal)]);
    };
  }

  #nextTrouble(): ModelTrouble | null {
    this.#count += 1;
    const elapsedMs = this.#options.elapsedMs();
    if (this.#options.troubles.some((trouble) => trouble.kind === "model-outage" && elapsedMs >= trouble.atMs && elapsedMs < trouble.atMs + trouble.forMs)) return "overloaded";
    const ordered = this.#options.troubles.find((trouble) => trouble.kind === "model" && trouble.nth === this.#count);
    if (ordered?.kind !== "model") return null;
    // Only again and again it is a loop.
    if (ordered.what === "same-again") this.#again = 12;
    return ordered.what;
  }

  #answer(process: string, text: string, trouble: ModelTrouble | null): Response {
    const request = requestSchema.parse(JSON.parse(text));
    const workflow = /^Workflow: (\S+)/m.exec(systemText(request))?.[1] ?? "";
    const inputTokens = Math.ceil(text.length / BYTES_PER_TOKEN);
    const note = (outputTokens: number, answered: boolean): void => {
      this.asked.push({ requestId: `req_${this.#count}`, process, promptSha256: sha256Hex(text), atMs: this.#options.nowMs(), inputTokens, outputTokens, answered, spendLimit: trouble === "spend-limit" });
      this.#options.trace(`${process} asks the model in ${workflow}${trouble === null ? "" : ` (${trouble})`}`);
    };
    const refuse = (status: number, type: string, more: { readonly headers?: Record<string, string>; readonly details?: Json } = {}): Response => {
      note(0, false);
      const error = { type, message: type, ...(more.details === undefined ? {} : { details: more.details }) };
      return new Response(JSON.stringify({ type: "error", error, request_id: "req_sim" }), { status, headers: { "content-type": "application/json", ...more.headers } });
    };
    switch (trouble) {
      case "overloaded":
        return refuse(529, "overloaded_error");
      case "server-error":
      case "stall":
        return refuse(500, "api_error");
      case "rate-limit":
        return refuse(429, "rate_limit_error", { headers: { "retry-after": "30" } });
      case "spend-limit":
        return refuse(429, "rate_limit_error", { details: { error_code: "enforced_spend_limit_reached" } });
      default:
    }
    let calls = 0;
    const message = renderMessage(this.#message(request, trouble), {
      messageId: `msg_${this.#count}`,
      model: request.model,
      maxTokens: request.max_tokens,
      usage: { input_tokens: inputTokens, cache_read_input_tokens: 0, cache_creation_input_tokens: 0, cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 } },
      thinking: thinkingOf(this.#options.apiKey, request),
      alwaysThinks: alwaysThinks(request.model),
      nextToolUseId: () => `toolu_${this.#count}_${(calls += 1)}`,
    });
    const broken = trouble === "cut" || trouble === "stream-error";
    note(message.outputTokens, !broken);
    const events = (broken ? message.events.slice(0, 3) : message.events).map(formatEvent).join("");
    const end = trouble === "stream-error" ? formatEvent({ type: "error", error: { type: "overloaded_error", message: "overloaded_error" } }) : "";
    return new Response(events + end, { status: 200, headers: { "content-type": "text/event-stream; charset=utf-8", "request-id": `req_${this.#count}` } });
  }

  #message(request: MessagesRequest, trouble: ModelTrouble | null): MessageAnswer {
    if (this.#again > 0) {
      this.#again -= 1;
      return message([use("read", { path: "README.md" })]);
    }
    const played = this.#play(request);
    const scripted: MessageAnswer = played.kind === "message" ? played : message([{ type: "text", text: "I am lost." }]);
    switch (trouble) {
      case "refusal":
        return { ...message([{ type: "text", text: "I cannot help with that." }]), stopReason: "refusal", stopDetails: { category: "cyber", explanation: null } };
      case "max-tokens":
        return { ...scripted, stopReason: "max_tokens" };
      case "words-only":
        return message([{ type: "text", text: "All done." }]);
      case "unknown-tool":
        return message([use("launch", { target: "moon" })]);
      case "bad-arguments":
        return message([{ type: "tool_use", name: "read", input: {}, inputText: '{"path": ' }]);
      case "wrong-artifact":
        return message([completeStep("Done.", "wr.contracts.review_verdict", { verdict: "perfect" })]);
      case "leaves-tests-red":
        return message([use("write", { path: SUM_FILE, content: "export const sum = (a, b) => a * b;\n" })]);
      default:
        return scripted;
    }
  }
}

/** Whoever asked gives up. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const giveUp = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error("The request was given up."));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });

const message = (content: readonly AnswerBlock[]): MessageAnswer => ({ kind: "message", content });
const use = (name: string, input: Json): AnswerBlock => ({ type: "tool_use", name, input });
const completeStep = (notes: string, contractRef?: string, value?: Json): AnswerBlock =>
  use("complete_step", { notes, artifacts: contractRef === undefined ? [] : [{ contractRef, value: value ?? null }], context: {} });

const classification: Json = { taskComplexity: "small", riskLevel: "low", hasUi: false, touchesArchitecture: false, taskMaturity: "ready", interpretation: "sum must add.", ambiguities: [], deduplicationKey: "sum-adds" };

/** Which version of the file a tool showed; 0 for the first. */
const versionIn = (view: View): number => Number(/\/\/ (\d+)/.exec(view.lastToolResults.find(({ name }) => name === "read")?.text ?? "")?.[1] ?? 0);

/**
 * A model that mends the sum and counts its versions up. It finds out where it stands by what its last call answered, so it also
 * goes on in a conversation that was begun anew.
 */
function scenario(findings: number): Scenario {
  const handOver = completeStep("Mended.", "wr.contracts.coding_handoff", { prTitle: "Add, do not subtract", prBody: "sum subtracted.", commitSubject: "Add, do not subtract", filesChanged: [SUM_FILE], testsAdded: [], sideEffects: [] });
  // Of three versions the first is blocked: then there is an audit before the fix.
  const findingIn = (version: number): Json => ({ severity: findings > 1 && version === 1 ? "major" : "minor", summary: "The comment tells nothing.", findingCategory: "style", file: SUM_FILE, line: 1, evidence: "See line 1.", remediation: "Count it up." });
  const change = (view: View): readonly AnswerBlock[] => {
    if (answered(view, "write")) return [handOver];
    if (answered(view, "read")) return [use("write", { path: SUM_FILE, content: `export const sum = (a, b) => a + b; // ${versionIn(view) + 1}\n` })];
    return [use("read", { path: SUM_FILE })];
  };
  const judge = (stated: string, summary: string, found: readonly Json[]): readonly AnswerBlock[] => [completeStep("Reviewed.", "wr.contracts.review_verdict", { verdict: stated, confidence: "high", summary, findings: [...found] })];
  const answered = (view: View, tool: string): boolean => view.lastToolResults.some(({ name, isError }) => name === tool && !isError);
  return {
    turns: {
      "wr.classify-task": () => [completeStep("Sized.", "wr.contracts.classification", classification)],
      "wr.quick-task": change,
      "wr.coding-task": change,
      "wr.production-readiness-audit": () => judge("clean", "A sum goes live.", []),
      "wr.mr-review": (view) => {
        if (!answered(view, "read")) return [use("read", { path: SUM_FILE })];
        const version = versionIn(view);
        if (version > findings) return judge("clean", "It adds.", []);
        return judge(findings > 1 && version === 1 ? "blocking" : "minor", "Nearly.", [findingIn(version)]);
      },
    },
  };
}

const workflow = (id: string, step: string): string => `schemaVersion: 2
id: ${id}
name: ${id}
version: 1.0.0
description: As short as its kind of session can be.
steps:
${step}`;

const CHANGE = `  - id: change
    title: Change
    prompt: "Change what is asked for: {{goal}} Findings: {{findings}}"
    outputContract: { contractRef: wr.contracts.coding_handoff }
    verification: { command: "{{commands.test}}" }
`;

/** What the pipeline needs to be there and no simulated task comes to. */
const OTHERS = PIPELINE.map(({ workflowId, handsOver }) => {
  const own = handsOver.startsWith("wr.") ? "" : `contracts: { ${handsOver}: { type: object } }\n`;
  const text = workflow(workflowId, `  - { id: work, title: Work, prompt: Work., outputContract: { contractRef: ${handsOver} } }\n`);
  return [`${workflowId.replace(/^wr\./, "")}.yaml`, text.replace("steps:\n", `${own}steps:\n`)] as const;
});

/** Workflows in place of the shipped ones, which ask for more steps than a simulated world has time for; by file name. */
export const WORKFLOWS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(OTHERS),
  "classify-task.yaml": workflow("wr.classify-task", `  - id: classify
    title: Classify
    prompt: "Classify: {{goal}}"
    outputContract: { contractRef: wr.contracts.classification }
`),
  "quick-task.yaml": workflow("wr.quick-task", CHANGE),
  "coding-task.yaml": workflow("wr.coding-task", CHANGE),
  "mr-review.yaml": workflow("wr.mr-review", `  - id: review
    title: Review
    prompt: "Review {{change}}"
    outputContract: { contractRef: wr.contracts.review_verdict }
`),
};
