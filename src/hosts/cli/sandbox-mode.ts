import { TerminalError } from "../../shared/errors.ts";

/** @throws TerminalError on another mode than the two there are */
export function sandboxMode(text: string | undefined): "bubblewrap" | "weak" {
  if (text === undefined || text === "bubblewrap") return "bubblewrap";
  if (text === "weak") return "weak";
  throw new TerminalError(`--sandbox ${text} is unknown.`, "Use bubblewrap or weak.");
}
