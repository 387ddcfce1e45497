/**
 * `npm run bench -- [--json] [--only NAME]`: every figure beside a floor measured in the same run.
 * NAME is a suite (`journal`) or the beginning of a row's name. Exit code 1 when a goal is missed.
 */
import { parseArgs } from "node:util";
import * as action from "./action.ts";
import * as advance from "./advance.ts";
import * as agent from "./agent.ts";
import * as cancel from "./cancel.ts";
import * as journal from "./journal.ts";
import * as library from "./library.ts";
import * as mcp from "./mcp.ts";
import * as memory from "./memory.ts";
import * as restore from "./restore.ts";
import * as uploads from "./uploads.ts";
import * as webhooks from "./webhooks.ts";
import type { BenchRow } from "./row.ts";

/** By what the names of their rows begin with. */
const suites = { action, durable: advance, agent, memory, journal, redaction: journal, restore, uploads, cancel, library, mcp, webhooks };

try {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false }, only: { type: "string" } } });
  await bench(values.only?.toLowerCase() ?? "", values.json);
} catch (error) {
  if (!(error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"))) throw error;
  process.stderr.write(`bench: ${error.message.split(/[.\n]/, 1)[0]}. Use --json, or --only NAME with a suite or the beginning of a row's name.\n`);
  process.exitCode = 1;
}

async function bench(only: string, json: boolean): Promise<void> {
  const wanted = Object.entries(suites).flatMap(([name, suite]) => (only.startsWith(name) || name.startsWith(only) ? [suite] : []));
  const rows: BenchRow[] = [];
  for (const suite of new Set(wanted)) rows.push(...(await suite.run()));
  const shown = rows.filter((row) => row.name.startsWith(only));
  if (shown.length === 0) {
    process.stderr.write(`bench: no row's name begins with "${only}". Suites: ${Object.keys(suites).join(", ")}${rows.map((row) => `; ${row.name}`).join("")}.\n`);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(json ? `${JSON.stringify(shown, null, 2)}\n` : `${shown.map(line).join("\n")}\n`);
  if (shown.some((row) => !row.ok)) process.exitCode = 1;
}

function line(row: BenchRow): string {
  const figure = `${row.value.toPrecision(4)} ${row.unit}`;
  const floor = row.floor === null || row.ratio === null ? `goal ${row.goal} ${row.unit}` : `${row.ratio.toFixed(2)}x of the floor ${row.floor.toPrecision(4)} ${row.unit}, goal ${row.goal}x`;
  return `${row.ok ? "ok    " : "MISSED"}  ${row.name}: ${figure} (${floor})`;
}
