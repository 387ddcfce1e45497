import { resolve } from "node:path";
import { z } from "zod";
import { NEWEST_RULES, type ExplainedItem } from "../../../engine/pipeline/index.ts";
import { pipelinePolicySchema } from "../../../record/index.ts";
import { TerminalError } from "../../../shared/errors.ts";
import { classificationSchema, type Classification } from "../../../workflow/index.ts";
import type { Call, CliWorld } from "../command.ts";

/** What is to be explained; null when no task is described. @throws TerminalError naming the option that is wrong */
export function askedItem(call: Call, world: Pick<CliWorld, "fs" | "workingDirectory">): ExplainedItem | null {
  const [text, mode] = [call.text("classification"), call.text("mode")];
  const policy = {
    mode: oneOf("mode", mode ?? "auto", pipelinePolicySchema.shape.mode),
    rules: NEWEST_RULES,
    duplicates: "stop" as const,
    decompose: oneOf("decompose", call.text("decompose") ?? "ask", z.enum(["never", "ask"])),
    requires: call.text("requires") === undefined ? [] : [{ what: call.text("requires") ?? "", path: "(its path)" }],
    confirm: oneOf("confirm", call.text("confirm") ?? "risky", pipelinePolicySchema.shape.confirm),
    slices: oneOf("slices", call.text("slices") ?? "auto", pipelinePolicySchema.shape.slices.unwrap()),
  };
  const rounds = Number(call.text("max-rounds") ?? "3");
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 10) throw new TerminalError(`--max-rounds ${call.text("max-rounds") ?? ""} is no number of rounds.`, "Give a whole number from 1 to 10.");
  if (text === undefined && policy.mode === "auto") return null;
  return { policy, maxReviewRounds: rounds, classification: text === undefined ? {} : readClassification(text, world) };
}

function oneOf<Word extends string>(option: string, word: string, schema: z.ZodEnum<Record<Word, Word>>): Word {
  const parsed = schema.safeParse(word);
  if (parsed.success) return parsed.data;
  throw new TerminalError(`--${option} ${word} is unknown.`, `Use one of: ${schema.options.join(", ")}.`);
}

function readClassification(given: string, { fs, workingDirectory }: Pick<CliWorld, "fs" | "workingDirectory">): Classification {
  const isJson = given.trimStart().startsWith("{");
  const bytes = isJson ? null : fs.read(resolve(workingDirectory, given));
  if (!isJson && bytes === null) throw new TerminalError(`There is no file ${given}.`, "Name a JSON file, or give the JSON itself, which begins with {.");
  let value: unknown;
  try {
    value = JSON.parse(bytes === null ? given : new TextDecoder().decode(bytes));
  } catch (error) {
    throw new TerminalError(`The classification is no JSON: ${error instanceof Error ? error.message : String(error)}.`, 'It looks like {"taskKind": "bug", "taskComplexity": "small", "riskLevel": "low", "taskMaturity": "ready", "interpretation": "..."}.');
  }
  const parsed = classificationSchema.safeParse(value);
  if (!parsed.success) throw new TerminalError(`The classification does not fit wr.contracts.classification: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`, "Mend what it names.");
  return parsed.data;
}
