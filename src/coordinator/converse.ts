/** One conversation of a session's agent with everything it is given: prompt, tools, budget, and the words of people. */
import { runAgent, spentBy, workspaceTools, type AgentEnd, type OpeningMessage, type Tool } from "../agent/index.ts";
import { offer as offerOf, type StepOffer } from "../engine/session/index.ts";
import { TerminalError } from "../shared/errors.ts";
import { gatherContext, type SessionContext } from "./context/index.ts";
import { composePrompt, promptTexts, reminder } from "./prompt/index.ts";
import { lastSnapshot } from "./seat.ts";
import { refusedTool } from "./tool-bounds.ts";
import { completeStepTool } from "./tools/complete-step.ts";
import { readArtifactTool } from "./tools/read-artifact.ts";
import { recordTools } from "./tools/record-tools.ts";
import { signalTool } from "./tools/signal-coordinator.ts";
import { spawnAgentTool } from "./tools/spawn-agent.ts";
import type { Left, Seat, SessionTree } from "./tree.ts";
import { remaining, sessionLimits } from "./spent.ts";
import { watchSeat } from "./watch.ts";

/** The model of a step's tier. */
export const modelOf = ({ deps: { model } }: SessionTree, offer: Pick<StepOffer, "modelTier">): string => (offer.modelTier === null ? model.name : model.tiers[offer.modelTier]);

/** Runs the agent on the step that is out until it ends. A step of another tier ends it: that one begins at a boundary, with its model. */
export async function converse(seat: Seat): Promise<{ readonly end: AgentEnd; readonly left: Left | null }> {
  const { tree, session, signal } = seat;
  const { deps, run } = tree;
  const offer = session.offer();
  if (offer === null) throw new TerminalError("A session without a step to work on was given an agent.", "Please report this with the journal.");
  const model = modelOf(tree, offer);
  const context = await gatherContext(seat, model);
  const prompt = composePrompt({ plan: session.plan, offer, context: context.pack(offer) });
  deps.onProgress({ kind: "prompt", phase: run.phase, prompt });
  const watch = watchSeat(seat);
  watch.step();
  let left: Left | null = null;
  const end = await runAgent({
    endpoint: deps.model.endpoint,
    model,
    system: promptTexts(prompt).system,
    firstMessage: openingOf(seat, context, offer),
    reopening: () => openingOf(seat, context, session.offer() ?? offer),
    steers: async () => (await deps.steers?.(session.id)) ?? [],
    tools: toolsOf(seat, { watch, model, context, leave: (why) => (left = why) }),
    mayUse: (name) => refusedTool(session.offer(), name),
    budget: sessionLimits(remaining(deps.budget, run.spentBefore()), tree.msLeft() + spentBy(session.history()).workedMs, run.spentBefore().turns > 0),
    pool: tree.pool,
    log: { record: (event) => session.record(event), putBlob: (bytes) => deps.journal.putBlob(bytes) },
    history: session.history(),
    clock: deps.clock,
    random: deps.random,
    signal,
    reminder: () => reminder(session.offer()),
    beforeResult: () => watch.changed(),
    afterTools: async () => watch.afterTools(),
    workspaceTree: () => lastSnapshot(session.history())?.tree ?? null,
    onProgress: (progress) => watch.progress(progress),
  });
  return { end, left };
}

interface Desk {
  readonly watch: ReturnType<typeof watchSeat>;
  readonly model: string;
  readonly context: SessionContext;
  readonly leave: (left: Left) => void;
}

/** The same list for every session, so that it is one prefix for the provider's cache; what a step allows is checked at each call. */
const toolsOf = (seat: Seat, { watch, model, context, leave }: Desk): readonly Tool[] => [
  ...workspaceTools(seat.tree.deps.sandbox),
  spawnAgentTool(seat, leave),
  readArtifactTool(seat, context),
  ...recordTools(seat),
  signalTool(seat),
  completeStepTool(seat, { watch, leave, sameModel: (next) => modelOf(seat.tree, next) === model }),
];

/** The first message of a conversation that begins now. */
function openingOf({ session }: Seat, context: SessionContext, current: StepOffer): OpeningMessage {
  const offer = offerOf(session.plan, session.state(), { introduce: true }) ?? current;
  const packed = context.pack(offer);
  return { text: promptTexts(composePrompt({ plan: session.plan, offer, context: packed })).opening, context: packed.record };
}
