/**
 * Two explanations fit the symptom, and both can be made to happen; which of them happened to the reporter only a log could tell. How sure
 * the investigator is follows from how many explanations its experiments left standing.
 */
import type { Scenario, Turn, View } from "../../model/player.ts";
import { bash, classified, completeStep, handIn, lastResult, quoted, read, result, say, use } from "../turns.ts";

const INBOX = "src/inbox.js";
const FEED = "src/feed.js";
const experiment = (name: string, calls: string): string =>
  `node --input-type=module -e 'import { createInbox } from "./src/inbox.js"; import { parseOrder } from "./src/feed.js"; import { memoryStore } from "./src/memory-store.js"; const inbox = createInbox(memoryStore()); ${calls} console.log("${name}: taken " + inbox.taken().length + " times");'`;
const AFTER_EACH_OTHER = experiment("after each other", 'const order = parseOrder("A-17;3;blue chair"); await inbox.take(order); await inbox.take(order);');
const AT_ONCE = experiment("at once", 'const order = parseOrder("A-17;3;blue chair"); await Promise.all([inbox.take(order), inbox.take(order)]);');
const OTHER_SPELLING = experiment("other spelling", 'await inbox.take(parseOrder("A-17;3;blue chair")); await inbox.take(parseOrder("A-17 ;3;blue chair"));');

interface Explanation {
  readonly name: string;
  readonly words: string;
}
const RACE: Explanation = { name: "at once", words: `Two deliveries at the same time: ${INBOX} asks the store and writes to it in two steps, and both ask before one has written.` };
const SPELLING: Explanation = { name: "other spelling", words: `A second delivery that spells the id otherwise: ${FEED} does not trim the id, so "A-17 " is another order than "A-17".` };

/** Those whose experiment made the order be taken twice. */
const standing = (view: View): readonly Explanation[] => [RACE, SPELLING].filter(({ name }) => view.toolResults.some(({ text }) => text.includes(`${name}: taken 2 times`)));
const confidence = (view: View): number => (standing(view).length === 1 ? 0.9 : 0.4);
const explained = (view: View): string => standing(view)[0]?.words ?? "Nothing that was tried makes the order be taken twice; the cause is not in what was looked at.";

const classify: readonly Turn[] = [
  say("What takes orders, and what tests it?", use("grep", { pattern: "take\\(" }), read(INBOX), read("test/inbox.test.js")),
  say("The test says that it does not happen. The issue says that it does.", completeStep(`${INBOX} takes orders; test/inbox.test.js covers one that comes twice, one after the other. Nothing there shows the fault.`)),
  say(
    "A bug without a plain cause.",
    classified("The code is small, the cause is not plain from it.", {
      taskKind: "bug",
      taskComplexity: "small",
      riskLevel: "medium",
      taskMaturity: "specced",
      deduplicationKey: "orders-taken-twice",
      interpretation: "An order that the feed delivers twice must be taken once; now and then it is taken twice. Why is not known.",
    }),
  ),
];

const investigate: readonly Turn[] = [
  say("Its parts, and the plain case.", read(INBOX), read(FEED), read("src/memory-store.js"), bash(AFTER_EACH_OTHER)),
  (view) =>
    say(
      "The plain case works.",
      handIn(`The plain case, an order twice and one after the other, works:${quoted(view, "bash")}\n\nWhat the reporter saw lacks: how the two deliveries came. There is no log of them.`, {
        symptom: "Now and then take() says of the second delivery of an order that it was new, and the order is kept twice.",
      }),
    ),
  say("What could tell them apart?", bash("git log --oneline -- src && grep -n 'await' src/inbox.js && grep -n 'trim' src/feed.js")),
  (view) =>
    say(
      "Three kinds: time, data, environment.",
      completeStep(`1. Time: ${RACE.words} Then two takes at once keep two.\n2. Data: ${SPELLING.words} Then a space behind the id is enough.\n3. Environment: the store loses what was written. Then the plain case fails too, and it does not.${quoted(view, "bash")}`),
    ),
  say("The cheapest: both at once.", bash(AT_ONCE)),
  (view) => say("It tells.", handIn(`Expected under 1: taken 2 times. Seen:${quoted(view, "bash")}\n\nThe third is ruled out by the plain case. The second is untested.`, { explanation: explained(view) })),
  say("One is untested yet.", completeStep("The second is untested.", "wr.contracts.loop_control", { decision: "continue", metadata: { reason: "The spelling has not been tried." } })),
  say("The spelling.", bash(OTHER_SPELLING)),
  (view) => say("It tells.", handIn(`Expected under 2: taken 2 times. Seen:${quoted(view, "bash")}\n\nStanding now: ${standing(view).map(({ name }) => name).join(", ") || "none"}.`, { explanation: explained(view) })),
  (view) => say("Nothing here can tell more.", completeStep("What is left is only to be told by the feed's log.", "wr.contracts.loop_control", { decision: "stop", metadata: { reason: `${standing(view).length} of 3 stand; which of them happened the feed's log would tell, and it is not here.` } })),
  (view) =>
    standing(view).length === 1
      ? say("Mine stands alone.", result("The challenger's rival is ruled out by the experiments.", "One explanation stands."))
      : say("A rival stands beside it.", result(`The challenger says:\n\n${lastResult(view, "complete_step").slice(0, 400)}\n\nThe experiments rule out neither.`, `${standing(view).length} explanations stand beside each other.`, "partial")),
  (view) =>
    say(
      "I say what I know, and what would tell.",
      use("complete_step", {
        notes: "Both experiments were run as quoted before; nothing else was.",
        context: {},
        artifacts: [
          {
            contractRef: "wr.contracts.investigation",
            value: {
              rootCause: `${explained(view)}${standing(view).length > 1 ? ` Or: ${standing(view)[1]?.words ?? ""} The feed's log of one such order, with times and the id as sent, would tell` : ""}`,
              affectedFiles: [INBOX, FEED],
              severity: "medium",
              hypothesisConfidence: confidence(view),
              reproduction: AT_ONCE,
              ruledOut: ["The store loses what was written: an order that comes twice, one after the other, is taken once."],
            },
          },
          { contractRef: "wr.contracts.assessment", value: { assessmentId: "cause", dimensions: { reproduction: "seen in records", mechanism: standing(view).length === 1 ? "seen" : "not to be seen from here" } } },
        ],
      }),
    ),
];

const challenge: readonly Turn[] = [
  say("Each link in the code.", read(INBOX), read(FEED)),
  (view) =>
    /\.trim\(\)/.test(view.lastToolResults.find(({ text }) => text.includes("parseOrder"))?.text.split("article:")[0] ?? "")
      ? say("It withstands.", result("Every link holds.", "The claim withstood: every link is in the code, and no rival fits."))
      : say("There is a rival.", result(`${FEED} trims the article and not the id.`, `A rival fits as well: ${SPELLING.words} The id as it was sent would tell them apart.`, "partial")),
];

export const model: Scenario = {
  repeatsInterrupted: true,
  turns: { "wr.classify-task": classify, "wr.bug-investigation": investigate, "wr.role-challenger": challenge },
};
