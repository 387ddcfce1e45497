import { expect, test } from "vitest";
import { openMemoryJournal } from "../../src/journal/index.ts";
import { createSession, type SessionDeps } from "../../src/session/index.ts";
import type { JsonObject } from "../../src/shared/json.ts";
import { compileWorkflow, routinesOf } from "../../src/workflow/index.ts";
import { fakeClock } from "../fakes/clock.ts";
import { driveSession } from "../fakes/drive-session.ts";

/** Words that stand nowhere else, one for each place an author can write in. */
const said = new Map<string, string>();
const say = (place: string): string => {
  const word = `word${said.size}of${place.replaceAll(/\W/g, "")}end`;
  said.set(place, word);
  return word;
};

const functions = (where: string): JsonObject[] => [
  { name: `named${where}`, definition: say(`${where} function named`), parameters: [{ name: "p", type: "string", description: say(`${where} parameter`) }] },
  { name: `unnamed${where}`, definition: say(`${where} function unnamed`) },
];
const blocks = (where: string): JsonObject => ({ goal: say(`${where} goal`), constraints: [say(`${where} constraint`), [{ kind: "text", text: say(`${where} part`) }]], procedure: [say(`${where} procedure`)], outputRequired: { report: say(`${where} output`) }, verify: [say(`${where} verify`)] });
const rule = (place: string): JsonObject => ({ type: "length", min: 1, message: say(place) });
const assessment = (id: string): JsonObject => ({ id, purpose: say(`${id} purpose`), dimensions: [{ id: "d", purpose: say(`${id} dimension`), levels: [say(`${id} level`), "high"] }] });

const routine = {
  id: "wr.routine-probe",
  name: "Probe",
  version: "1.0.0",
  description: "d",
  metaGuidance: [say("routine guidance")],
  preconditions: [say("routine precondition")],
  clarificationPrompts: [say("routine question")],
  references: [{ id: "rr", title: say("routine reference title"), source: say("routine reference source"), purpose: say("routine reference purpose"), authoritative: false }],
  functionDefinitions: [{ name: "routineFunction", definition: say("routine function") }],
  steps: [{ id: "first", title: `${say("routine title")} {arg}`, prompt: `${say("routine prompt")} {arg}, then routineFunction()` }, { id: "last", title: "Last", promptBlocks: blocks("routine") }],
};

const workflow = {
  schemaVersion: 2,
  id: "prose-flow",
  name: say("name"),
  version: "1.0.0",
  description: say("description"),
  about: say("about"),
  preconditions: [say("precondition")],
  clarificationPrompts: [say("question")],
  metaGuidance: [say("meta guidance")],
  references: [{ id: "ref", title: say("reference title"), source: say("reference source"), purpose: say("reference purpose"), authoritative: true }],
  extensionPoints: [{ slotId: "slot", purpose: say("slot purpose"), default: say("slot default") }],
  functionDefinitions: functions("workflow"),
  assessments: [assessment("whole")],
  steps: [
    {
      id: "full",
      title: say("title"),
      prompt: `${say("prompt")} {{wr.bindings.slot}}`,
      agentRole: `You are ${say("role")}`,
      systemPrompt: say("system prompt"),
      guidance: [say("guidance")],
      promptFragments: [{ id: "f", text: say("fragment") }, { id: "g", when: { var: "flag" }, text: say("fragment that holds") }],
      functionDefinitions: functions("step"),
      functionReferences: ["namedworkflow()"],
      functionCalls: [{ name: "namedstep", args: { p: say("call argument") } }],
      validationCriteria: { and: [rule("rule"), { or: [rule("rule in or")] }] },
      assessmentRefs: ["whole"],
      assessmentConsequences: [{ when: { anyEqualsLevel: "high" }, effect: { kind: "require_followup", guidance: say("consequence") } }],
      verification: { command: `echo ${say("command")}`, prompt: say("verification") },
      audit: { prompt: say("audit"), rubric: [say("rubric")] },
      produces: { made: { type: "string", description: say("produces") } },
    },
    { id: "in-blocks", title: "Blocks", promptBlocks: blocks("step") },
    { id: "loop", type: "loop", title: say("loop title"), functionDefinitions: functions("loop"), loop: { type: "for", count: 1, maxIterations: 1 }, body: [{ id: "in-loop", title: say("body title"), prompt: say("body prompt") }] },
    { id: "call", title: "Call", templateCall: { templateId: "wr.templates.routine.probe", args: { arg: say("argument"), other: say("argument without a place") } }, guidance: [say("caller guidance")], agentRole: `You are ${say("caller role")}` },
    { id: "split", type: "parallel", title: say("parallel title"), parallelDelegations: [{ workflowId: "wr.x", goal: say("delegation goal"), args: { a: say("delegation argument") } }], synthesis: { prompt: say("synthesis") } },
    { id: "list", type: "todoList", title: say("todo title"), produces: { id: "make", title: say("producer title"), prompt: say("producer prompt") }, body: [{ id: "do-it", title: "Do", prompt: say("todo prompt") }] },
  ],
};

test("everything an author can write reaches the agent", async () => {
  const compiled = compileWorkflow({ text: JSON.stringify(workflow), file: "w.json" }, { routines: routinesOf([{ text: JSON.stringify(routine), file: "r.json" }]) });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error, null, 1));
  const clock = fakeClock();
  const deps: SessionDeps = { journal: openMemoryJournal({ clock }), clock, verify: async () => ({ exitCode: 0, timedOut: false, outputTail: "", durationMs: 1, sandbox: "weak" }) };
  const session = await createSession(deps, { sessionId: "s", itemId: null, parentSessionId: null, phase: null, plan: compiled.value.plan, goal: "g", context: { flag: true }, autonomy: "full_auto_never_stop" });
  const asked: string[] = [];
  const { prompts, result } = await driveSession(deps, session, {
    answer: (offer) => {
      asked.push(JSON.stringify(offer.requires));
      return null;
    },
    plans: () => null,
  });
  expect(result).toMatchObject({ kind: "ended", outcome: "completed" });
  const log = JSON.stringify(await deps.journal.read("session/s"));
  const text = [...prompts, ...asked].join("\n");
  // A delegation speaks to its child: what is asked of the host for it is in the log.
  const missing = [...said].filter(([place, word]) => !text.includes(word) && !(place.startsWith("delegation") && log.includes(word))).map(([place]) => place);
  expect(missing).toEqual([]);
});
