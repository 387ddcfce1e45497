/** The Action's entry for its post step, the only place here that knows the environment. */
import { createArtifactSegmentStore } from "../../../journal/index.ts";
import { nodeClock, nodeFileSystem } from "../../../shared/node-ports.ts";
import { runnerCommands } from "../../../shared/runner-commands.ts";
import { gatherOutput } from "../gathered-output.ts";
import { readPostSettings } from "../settings.ts";
import { saveWhatIsLeft } from "./post.ts";

const runner = runnerCommands(process.env, (line) => void process.stdout.write(`${line}\n`));
const output = gatherOutput(process.stdout, runner.group);
try {
  const settings = readPostSettings(process.env, runner.input);
  if (settings !== null) {
    const store = createArtifactSegmentStore({ runId: settings.runId, directory: settings.runnerTemp, fs: nodeFileSystem });
    const segments = { ...store, put: (name: string, bytes: Uint8Array) => output.gather(`Saving ${name}`, () => store.put(name, bytes)) };
    runner.log(await saveWhatIsLeft(settings, { clock: nodeClock, fs: nodeFileSystem, segments }));
  }
} catch (error) {
  runner.error(`What the main step left could not be saved: ${error instanceof Error ? error.message : String(error)} The next run goes on from the last saved segment.`);
  process.exitCode = 1;
}
