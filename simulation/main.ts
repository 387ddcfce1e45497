/**
 * `npm run simulate`: plays worlds by seed and says what did not hold.
 *
 *     npm run simulate -- --seeds 2000 [--from 1] [--items 100]   sessions, and whole work items (a twentieth if not said)
 *     npm run simulate -- --crashes [--every 7] [--from 3]        each scenario, with each process ended at each of its port calls
 *     npm run simulate -- --mutants                               every planted fault has to be noticed
 *     npm run simulate -- --item SEED | --session SEED            one world, with all that happened
 *
 * Exit code 1 when something did not hold. `--json` prints one object.
 */
import { parseArgs } from "node:util";
import { MUTANTS, plant } from "./mutants.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    items: { type: "string" },
    crashes: { type: "boolean", default: false },
    every: { type: "string", default: "1" },
    mutants: { type: "boolean", default: false },
    /** One planted fault by its place in the list: what `--mutants` starts for each. */
    mutant: { type: "string" },
    item: { type: "string" },
    session: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const number = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`simulate: --${name} takes a whole number, not ${JSON.stringify(text)}.\n`);
  process.exit(2);
};

// Before anything of the product is loaded.
const mutant = values.mutant === undefined ? undefined : MUTANTS[number("mutant", values.mutant)];
if (mutant !== undefined) plant(mutant);

const { playSeeds, playCrashes, showItem, showSession } = await import("./play.ts");
const { killMutants } = await import("./kill-mutants.ts");

const seeds = number("seeds", values.seeds ?? "2000");
const from = number("from", values.from);
const options = { json: values.json, write: (text: string): void => void process.stdout.write(text) };
const held = await (values.mutants
  ? killMutants(options)
  : values.item !== undefined
    ? showItem(number("item", values.item), options)
    : values.session !== undefined
      ? showSession(number("session", values.session), options)
      : values.crashes
        ? playCrashes({ every: Math.max(1, number("every", values.every)), from: Math.max(1, from) }, options)
        : playSeeds({ from, sessions: mutant?.worlds === "items" ? 0 : seeds, items: mutant?.worlds === "sessions" ? 0 : number("items", values.items ?? String(Math.ceil(seeds / 20))) }, options));
// What a killed process left waiting keeps nothing alive.
process.exit(held ? 0 : 1);
