#!/usr/bin/env node
/**
 * Serves the App: `npm start`. With `--until-stdin-closes` it also stops when whoever holds its standard input is gone, however
 * that one ended. The only place here that knows the environment.
 */
import { parseArgs } from "node:util";
import { TerminalError } from "../../shared/errors.ts";
import { nodeClock } from "../../shared/node-ports.ts";
import { startApp } from "./server.ts";
import { startSetUp } from "./set-up/server.ts";
import { readSetUpSettings } from "./set-up/settings.ts";
import { readSettings } from "./settings.ts";

/** Platforms kill a container some ten seconds after asking it to stop; what is unfinished then, webhooks and runs bring again. */
const STOP_WITHIN_MS = 8_000;

try {
  const { values } = parseArgs({ options: { "until-stdin-closes": { type: "boolean", default: false } } });
  const ports = { clock: nodeClock, fetch: globalThis.fetch };
  const setUp = readSetUpSettings(process.env);
  const app = setUp === null ? await startApp(readSettings(process.env), ports) : await startSetUp(setUp, ports);
  if (setUp !== null) process.stderr.write(`There is no App yet: open ${app.url} in a browser to make one.\n`);
  const stop = (): void => {
    Promise.race([app.close(), nodeClock.sleep(STOP_WITHIN_MS)]).then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  // The launcher of `npm start` was killed without a word.
  process.once("disconnect", stop);
  process.channel?.unref();
  if (values["until-stdin-closes"]) process.stdin.once("end", stop).resume();
} catch (error) {
  fail(error);
}

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${error instanceof TerminalError ? `${error.fix}\n` : ""}`);
  process.exit(1);
}
