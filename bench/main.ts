/**
 * `npm run bench -- [--json] [--only NAME]`: every figure beside a floor measured in the same run.
 * Exit code 1 when a goal is missed.
 */
import { parseArgs } from "node:util";
import * as action from "./action.ts";
import * as advance from "./advance.ts";
import * as journal from "./journal.ts";
import * as library from "./library.ts";
import * as mcp from "./mcp.ts";
import type { BenchRow } from "./row.ts";

const suites = { action, advance, journal, library, mcp };
const { values } = parseArgs({ options: { json: { type: "boolean", default: false }, only: { type: "string" } } });
const only = values.only?.toLowerCase();

const rows: BenchRow[] = [];
for (const suite of Object.values(suites)) rows.push(...(await suite.run()));
const shown = only === undefined ? rows : rows.filter((row) => row.name.startsWith(only));
if (shown.length === 0) {
  process.stderr.write(`No row's name begins with "${values.only}". Rows: ${rows.map((row) => row.name).join("; ")}\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(values.json ? `${JSON.stringify(shown, null, 2)}\n` : `${shown.map(line).join("\n")}\n`);
  if (shown.some((row) => !row.ok)) process.exitCode = 1;
}

function line(row: BenchRow): string {
  const figure = `${row.value.toPrecision(4)} ${row.unit}`;
  const floor = row.floor === null || row.ratio === null ? `goal ${row.goal} ${row.unit}` : `${row.ratio.toFixed(2)}x of the floor ${row.floor.toPrecision(4)} ${row.unit}, goal ${row.goal}x`;
  return `${row.ok ? "ok    " : "MISSED"}  ${row.name}: ${figure} (${floor})`;
}
