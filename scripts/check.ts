/**
 * Every check there is: types, lint, unused code, tests (unit, integration, architecture, end to end, bundle freshness).
 * Prints what failed; the last line is `N passed, N failed`, counting each test and each of the other checks as one.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules", ".bin", name);
let passed = 0;
let failed = 0;

function check(name: string, program: string, args: readonly string[]): void {
  const started = Date.now();
  const done = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  const took = `${((Date.now() - started) / 1000).toFixed(1)} s`;
  if (done.status === 0) {
    passed += 1;
    process.stdout.write(`ok      ${name} (${took})\n`);
    return;
  }
  failed += 1;
  process.stdout.write(`${done.stdout}${done.stderr}${done.error?.message ?? ""}\nFAILED  ${name} (${took})\n`);
}

check("types", bin("tsc"), ["-p", "."]);
check("types of the closed world (engine, workflow, record)", bin("tsc"), ["-p", "src/engine"]);
check("lint", bin("oxlint"), ["--type-aware", "--deny-warnings", "src", "test", "bench", "simulation", "scripts"]);
check("unused files, exports and dependencies", bin("knip"), []);

const scratch = mkdtempSync(join(tmpdir(), "worktrain-check-"));
const report = join(scratch, "vitest.json");
const tests = spawnSync(bin("vitest"), ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...process.argv.slice(2)], {
  cwd: root,
  stdio: "inherit",
});
try {
  const counts = JSON.parse(readFileSync(report, "utf8")) as { numPassedTests: number; numFailedTests: number; numFailedTestSuites: number };
  passed += counts.numPassedTests;
  // A file that cannot be loaded has no failed test but a failed suite.
  failed += counts.numFailedTests > 0 ? counts.numFailedTests : counts.numFailedTestSuites;
  if (tests.status !== 0 && counts.numFailedTests + counts.numFailedTestSuites === 0) failed += 1;
} catch (error) {
  failed += 1;
  process.stdout.write(`FAILED  tests left no report: ${error instanceof Error ? error.message : String(error)}\n`);
}
rmSync(scratch, { recursive: true, force: true });

process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
