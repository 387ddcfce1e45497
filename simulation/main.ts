/** `npm run simulate`: plays worlds by seed and says what did not hold. */
import { parseArgs } from "node:util";
import { MUTANTS, plant } from "./mutants.ts";

const HELP = `Usage: npm run simulate -- [options]

  --seeds 2000 [--from 1] [--items 100]   play that many sessions, and whole work items (a twentieth if not said)
  --crashes [--from 1] [--to 20] [--every 1]
                                          play each scenario, with each process ended at each of its port calls
  --mutants                               plant each fault there is a list of: every one has to be noticed
  --item SEED | --session SEED            play one world, and print all that happens in it
  --json                                  print one JSON object

Exit code 1 when something did not hold, 2 when the arguments are not understood.
`;

const refuse = (what: string): never => {
  process.stderr.write(`simulate: ${what} See \`npm run simulate -- --help\`.\n`);
  process.exit(2);
};

const read = () =>
  parseArgs({
    options: {
      help: { type: "boolean", short: "h", default: false },
      seeds: { type: "string" },
      from: { type: "string", default: "1" },
      items: { type: "string" },
      crashes: { type: "boolean", default: false },
      to: { type: "string" },
      every: { type: "string", default: "1" },
      mutants: { type: "boolean", default: false },
      /** One planted fault by its place in the list: what `--mutants` starts for each. */
      mutant: { type: "string" },
      item: { type: "string" },
      session: { type: "string" },
      json: { type: "boolean", default: false },
    },
  }).values;

const values = ((): ReturnType<typeof read> => {
  try {
    return read();
  } catch (error) {
    // What Node adds to it is of no use where there are no positional arguments.
    return refuse(`${(error instanceof Error ? error.message : String(error)).split(/\. |\n/u)[0]?.replace(/\.$/, "") ?? ""}.`);
  }
})();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const number = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  return refuse(`--${name} takes a whole number, not ${JSON.stringify(text)}.`);
};

const seeds = number("seeds", values.seeds ?? "2000");
const from = number("from", values.from);
// Before anything of the product is loaded.
const mutant = values.mutant === undefined ? undefined : (MUTANTS[number("mutant", values.mutant)] ?? refuse(`--mutant takes 0 to ${MUTANTS.length - 1}, not ${values.mutant}.`));
if (mutant !== undefined) plant(mutant);

const { playSeeds, playCrashes, showItem, showSession } = await import("./play.ts");
const { killMutants } = await import("./kill-mutants.ts");

const options = { json: values.json, write: (text: string): void => void process.stdout.write(text) };
const held = await (values.mutants
  ? killMutants(options)
  : values.item !== undefined
    ? showItem(number("item", values.item), options)
    : values.session !== undefined
      ? showSession(number("session", values.session), options)
      : values.crashes
        ? playCrashes({ every: Math.max(1, number("every", values.every)), from: Math.max(1, from), to: values.to === undefined ? Infinity : number("to", values.to) }, options)
        : playSeeds({ from, sessions: mutant?.worlds === "items" ? 0 : seeds, items: mutant?.worlds === "sessions" ? 0 : number("items", values.items ?? String(Math.ceil(seeds / 20))) }, options));
// What a killed process left waiting keeps nothing alive.
process.exit(held ? 0 : 1);
