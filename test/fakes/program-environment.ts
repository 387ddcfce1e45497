import { join } from "node:path";

/** What a program of this package needs of its environment, as `npm run` gives it: where others are found, and its own code compiled before. */
export const PROGRAM_ENVIRONMENT: Readonly<Record<"PATH" | "NODE_COMPILE_CACHE", string>> = {
  PATH: process.env["PATH"] ?? "",
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(import.meta.dirname, "../../node_modules/.cache/worktrain-node"),
};
