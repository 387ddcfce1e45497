/**
 * Plays a scenario: answers each request with the scripted next turn of its workflow, read off what the conversation shows. It keeps
 * no state, so any number of conversations, resumed ones too, can be played at once.
 */
import type { Json } from "../../../shared/json.ts";
import type { AnswerBlock, ModelAnswer } from "./answer.ts";
import { smoothed } from "./interrupted.ts";
import { blocksOf, resultText, systemText, type MessagesRequest, type RequestBlock } from "./request-schema.ts";

/** What a scripted turn can see. */
export interface View {
  /** Results the last message holds, in order. */
  readonly lastToolResults: readonly PlayedResult[];
  /** All results of this conversation, oldest first. */
  readonly toolResults: readonly PlayedResult[];
  /** Assistant turns so far in this conversation: 0 for the first. */
  readonly turnIndex: number;
  readonly firstMessage: string;
  readonly system: string;
}

export interface PlayedResult {
  /** Of the tool that was called. */
  readonly name: string;
  readonly text: string;
  readonly isError: boolean;
}

/** One assistant turn: its blocks, or a function of the view that gives them. Plain blocks of a list are not played after a failed tool. */
export type Turn = readonly AnswerBlock[] | ((view: View) => readonly AnswerBlock[]);

/**
 * What the model says in each workflow, by the id in the system prompt's line `Workflow: <id>`: a list of turns, played in order, or
 * a function that gives the turn for a view.
 */
export interface Scenario {
  readonly turns: Readonly<Record<string, readonly Turn[] | ((view: View) => Turn)>>;
  /** The model makes calls again that a lost run left without a result, before it goes on with its script. */
  readonly repeatsInterrupted?: boolean;
}

const done = (notes: string, ...artifacts: readonly Json[]): AnswerBlock => ({ type: "tool_use", name: "complete_step", input: { notes, artifacts: [...artifacts], context: {} } });

/** What is said in workflows of which a scenario has nothing of its own to tell: one of several reviewers finds nothing on its side. */
const USUAL: Scenario["turns"] = {
  "wr.role-reviewer": [
    [
      {
        type: "tool_use",
        name: "complete_step",
        input: { notes: "Read the change with my questions in mind.", artifacts: [{ contractRef: "wr.contracts.review_verdict", value: { verdict: "clean", confidence: "high", summary: "Nothing on my side stands against it.", findings: [] } }], context: {} },
      },
    ],
  ],
  "wr.retrospective": [
    [done("The record holds the review's findings and the fix that answered them.")],
    [done("The first version was handed over before its edge cases were tried; the review tried them.")],
    [
      done("One case of its kind: nothing that a rule for everybody would be worth.", {
        contractRef: "retrospective",
        value: { asked: "What the task's text says, as it was classified.", came: "What was meant, after a review had sent the first version back.", costs: [], slipped: [], keep: ["The review tries what the change does not."], proposals: [] },
      }),
    ],
  ],
};

/** An answer for `startModelServer`. Where the script has nothing to say, it ends its turn with words, as a confused model would. */
export function playScenario(scenario: Scenario): (request: MessagesRequest) => ModelAnswer {
  return (request) => {
    const seen = viewOf(request);
    const interrupted = scenario.repeatsInterrupted === true ? smoothed(request) : null;
    const view = interrupted === null ? seen : { ...seen, turnIndex: interrupted.turnIndex, lastToolResults: interrupted.lastToolResults };
    const workflow = /^Workflow: (\S+)/m.exec(view.system)?.[1];
    const script = workflow === undefined ? undefined : (scenario.turns[workflow] ?? USUAL[workflow]);
    if (interrupted !== null && interrupted.again !== null) return { kind: "message", content: interrupted.again };
    if (script === undefined) return confused(`I do not know what to do in the workflow ${workflow ?? "(none named)"}.`);
    const turn = typeof script === "function" ? script(view) : script[view.turnIndex];
    if (turn === undefined) return confused("I have nothing left to do here.");
    if (typeof turn === "function") return { kind: "message", content: turn(view) };
    if (typeof script === "function") return { kind: "message", content: turn };
    const failed = view.lastToolResults.find((result) => result.isError);
    if (failed !== undefined) return confused(`I did not expect that ${failed.name} fails: ${failed.text.slice(0, 500)}`);
    return { kind: "message", content: turn };
  };
}

const confused = (text: string): ModelAnswer => ({ kind: "message", content: [{ type: "text", text }] });

function viewOf(request: MessagesRequest): View {
  const [first] = request.messages;
  return {
    lastToolResults: lastToolResults(request),
    toolResults: request.messages.flatMap((_, at) => lastToolResults({ messages: request.messages.slice(0, at + 1) })),
    turnIndex: request.messages.filter((message) => message.role === "assistant").length,
    firstMessage: first === undefined ? "" : blocksOf(first).map(textOf).join("\n"),
    system: systemText(request),
  };
}

const textOf = (block: RequestBlock): string => (block.type === "text" ? block.text : "");

function lastToolResults({ messages }: Pick<MessagesRequest, "messages">): readonly PlayedResult[] {
  const last = messages.at(-1);
  const asked = messages.at(-2);
  if (last === undefined || asked === undefined) return [];
  const names = new Map(blocksOf(asked).flatMap((block) => (block.type === "tool_use" ? [[block.id, block.name] as const] : [])));
  return blocksOf(last).flatMap((block) =>
    block.type === "tool_result" ? [{ name: names.get(block.tool_use_id) ?? "", text: resultText(block), isError: block.is_error ?? false }] : [],
  );
}
