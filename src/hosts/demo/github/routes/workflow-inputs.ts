import { z } from "zod";
import { err, ok, type Result } from "../../../../shared/result.ts";

/** Limits of `workflow_dispatch` (docs: workflow syntax; changelog 2025-12-04). */
const MAX_INPUTS = 25;
const MAX_PAYLOAD_CHARS = 65_535;

const inputSchema = z.looseObject({
  required: z.boolean().optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  type: z.enum(["string", "boolean", "number", "choice", "environment"]).default("string"),
  options: z.array(z.string()).optional(),
});
const dispatchSchema = z.looseObject({ inputs: z.record(z.string(), inputSchema.nullable()).optional() }).nullable();

/** The three ways to write `on:` become one: trigger names with their settings. */
const onSchema = z.preprocess(
  (on) => {
    if (typeof on === "string") return { [on]: null };
    return Array.isArray(on) ? Object.fromEntries(on.map((name) => [String(name), null])) : on;
  },
  z.looseObject({ workflow_dispatch: dispatchSchema.optional() }),
);

/** What dispatching needs to know of a workflow file; the rest is the interpreter's. */
export const workflowSchema = z.looseObject({ name: z.string().optional(), on: onSchema });

type DispatchTrigger = z.infer<typeof dispatchSchema>;

/**
 * Checks the inputs of a dispatch against the workflow's and fills in defaults.
 * @returns GitHub's message of the 422 on a missing, unknown, wrong or too large input
 */
export function readInputs(
  trigger: DispatchTrigger,
  given: Readonly<Record<string, string | number | boolean>>,
): Result<Readonly<Record<string, string>>, string> {
  const declared = trigger?.inputs ?? {};
  if (Object.keys(given).length > MAX_INPUTS) return err(`you may only define up to ${MAX_INPUTS} \`inputs\` for a \`workflow_dispatch\` event`);
  if (JSON.stringify(given).length > MAX_PAYLOAD_CHARS) return err("inputs are too large.");
  const unexpected = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  if (unexpected.length > 0) return err(`Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  const inputs: Record<string, string> = {};
  for (const [name, input] of Object.entries(declared)) {
    const value = given[name] ?? input?.default;
    if (value === undefined || value === "") {
      if (input?.required === true) return err(`Required input '${name}' not provided`);
      inputs[name] = input?.type === "boolean" ? "false" : "";
      continue;
    }
    if (input?.type === "choice" && !(input.options ?? []).includes(String(value)))
      return err(`Provided value '${String(value)}' for input '${name}' not in the list of allowed values`);
    if (input?.type === "boolean" && !["true", "false"].includes(String(value)))
      return err(`Provided value '${String(value)}' for input '${name}' is not a boolean`);
    inputs[name] = String(value);
  }
  return ok(inputs);
}
