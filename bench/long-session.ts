/** Runs a session of `process.argv[3]` advances in the directory `process.argv[2]` and prints the peak resident memory in bytes. */
import { join } from "node:path";
import { loopOfSteps, startSession } from "./sessions.ts";

const [, , directory = "", advances] = process.argv;
const session = await startSession(join(directory, "journal"), loopOfSteps(12));
for (let index = 0; index < Number(advances); index += 1) await session.advance();
await session.close();
// Kilobytes (nodejs.org/api/process.html, resourceUsage).
process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
