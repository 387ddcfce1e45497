import { z } from "zod";
import { TerminalError } from "../shared/errors.ts";

/** Parses what GitHub answered; throws a TerminalError that names the request when it is not of the documented form. */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, data: unknown, route: string): z.infer<Schema> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TerminalError(
    `GitHub's answer to ${route} is not of the documented form: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown"}.`,
    "If this is GitHub Enterprise Server, update it; else report this.",
  );
}
