/** Reads an action's `action.yml`: the part of it that a node24 action needs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { TerminalError } from "../../../shared/errors.ts";

const inputSchema = z.strictObject({
  description: z.string().optional(),
  required: z.boolean().optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
  deprecationMessage: z.string().optional(),
});

const actionSchema = z.strictObject({
  name: z.string(),
  author: z.string().optional(),
  description: z.string(),
  branding: z.unknown().optional(),
  inputs: z.record(z.string(), inputSchema).default({}),
  outputs: z.record(z.string(), z.strictObject({ description: z.string().optional() })).default({}),
  runs: z.strictObject({
    using: z.literal("node24"),
    main: z.string().min(1),
    post: z.string().min(1).optional(),
    "post-if": z.string().optional(),
  }),
});

export type ActionFile = z.infer<typeof actionSchema>;

/**
 * Reads `action.yml` (or `action.yaml`) of a directory.
 * @throws TerminalError when there is none, or it asks for what is not played here (another runtime, `pre`, composite steps)
 */
export function readActionFile(directory: string): ActionFile {
  const path = ["action.yml", "action.yaml"].map((name) => join(directory, name)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new TerminalError(`There is no action.yml in ${directory}.`, "Point the action's entry in `actions` at the directory that holds it.");
  const parsed = actionSchema.safeParse(parse(readFileSync(path, "utf8")));
  if (parsed.success) return parsed.data;
  throw new TerminalError(`The action ${path} cannot be played: ${z.prettifyError(parsed.error)}`, "Only node24 actions with main and, if need be, post are played.");
}

/** Values of the inputs as an action finds them: `INPUT_` and the name in capitals, blanks as `_`, dashes kept (docs: metadata syntax, `inputs`). */
export function inputVariables(inputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`, value]));
}
