/** Three things in one issue: it is cut along what a customer gets, by what the code holds today, and nothing is built before a person has agreed. */
import type { Scenario, Turn, View } from "../../model/player.ts";
import { bash, classified, completeStep, filesRead, oneOf, quoted, read, say } from "../turns.ts";

const INVOICE = "src/invoice.js";
const INVOICE_TEST = "test/invoice.test.js";

const classify: readonly Turn[] = [
  say("What is there of it today?", read(INVOICE), read(INVOICE_TEST)),
  (view) => say("A sum, nothing else.", completeStep(`${INVOICE} adds up the lines${/vat/i.test(filesRead(view)) ? " and knows of VAT" : "; it knows neither VAT nor a discount, and prints nothing"}. ${INVOICE_TEST} covers the sum.`)),
  say(
    "Three changes of their own.",
    classified("Three things that a customer sees, each of them a change by itself.", {
      taskKind: "feature",
      taskComplexity: "large",
      riskLevel: "medium",
      taskMaturity: "specced",
      deduplicationKey: "invoices-that-can-be-sent",
      interpretation: "Invoices get VAT by country, a discount on the whole invoice, and a form as text, so that nobody writes them by hand.",
    }),
  ),
];

/** What the pitch, which the session was told, says of the order of discount and VAT. */
const discountFirst = (view: View): boolean => view.firstMessage.includes("The discount comes off the net sum");

const cut: readonly Turn[] = [
  say("The code, and what it does today.", read(INVOICE), read(INVOICE_TEST), bash("node --test && git log --oneline")),
  (view) => say("A sum without VAT.", completeStep(`Today \`totalOf\` of ${INVOICE} gives the net sum. The pitch ${discountFirst(view) ? "settles that the discount comes off before VAT" : "was not given to me"}.${quoted(view, "bash")}`)),
  say("Along what a customer gets.", completeStep("Three tickets: VAT, the discount, the text. Discount and VAT meet in one sum, so the second builds on the first; the text prints both.")),
  (view) => say("Each for itself.", ...tickets(view)),
];

const ticket = (title: string, body: string, acceptance: readonly string[], dependsOn: readonly number[]) => ({ title, body, acceptance, outOfScope: ["Currencies beside the euro, PDF and sending by mail"], files: [INVOICE, INVOICE_TEST], dependsOn, questions: [] });

function tickets(view: View) {
  const order = discountFirst(view) ? "The discount comes off the net sum, and VAT is charged on what is left." : "Whether the discount comes off before VAT is an open question.";
  return [
    completeStep("Three tickets.", "tickets", {
      tickets: [
        ticket("Invoices show VAT by the customer's country", `Customers in three countries get invoices. \`totalOf\` in ${INVOICE} gives the net sum only, so VAT is added by hand. It should be charged by country: 20 % in Austria, 19 % in Germany, 22 % in Italy.`, ["totalOf([{ cents: 1000, count: 1 }], { country: 'AT' }) is 1200", "Without a country the sum stays what it is today"], []),
        ticket("A discount on the whole invoice", `Regular customers get a discount that somebody takes off by hand today; ${INVOICE} knows none. ${order}`, ["Ten per cent off 1000 cents with Austrian VAT is 1080", "Without a discount the sum stays what it is today"], [0]),
        ticket("An invoice can be printed as text", `Whoever sends an invoice copies the lines into a letter today. \`printInvoice\` should give the lines, the discount, the VAT and the sum, one a line.`, ["printInvoice of two lines gives them and the sum, each on a line of its own", "An invoice without lines prints the sum of 0"], [0, 1]),
      ],
      duplicates: [],
    }),
  ];
}

/** Who audits the tickets has read nothing but them and the code. */
const audit: readonly Turn[] = [
  say("Is it true what they say of the code?", read(INVOICE)),
  (view) =>
    say(
      "Could one start from each?",
      completeStep("Read against the code.", "wr.contracts.gate_verdict", /vat/i.test(filesRead(view)) ? { verdict: "rejected", confidence: "high", rationale: `${INVOICE} knows VAT already.` } : { verdict: "approved", confidence: "high", rationale: `${INVOICE} holds the net sum only, as the tickets say; each has what one does and what one then sees.` }),
    ),
];

export const model: Scenario = {
  repeatsInterrupted: true,
  turns: { "wr.classify-task": classify, "wr.ticket-creation": oneOf((view) => (view.firstMessage.includes("(draft.audit)") ? audit : cut)) },
};
