import { defineConfig } from "vitest/config";

/**
 * Folders whose tests leave nothing behind in their process: no variable of the environment, no replaced global, no working directory.
 * Their files share a process and the modules it has loaded, which halves their time; the others have a process each.
 */
const SHARED = ["config", "contract", "coordinator", "delivery", "engine", "github", "golden", "hosts/app", "intake", "library", "record", "report", "session", "shared", "workflow"].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    // Whole loops start real processes, and who waits for one says after five minutes what did not come; everything else ends in milliseconds.
    testTimeout: 360_000,
    hookTimeout: 360_000,
    pool: "forks",
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: "own process", include: ["test/**/*.test.ts"], exclude: SHARED } },
      { extends: true, test: { name: "shared", include: SHARED, isolate: false } },
    ],
  },
});
