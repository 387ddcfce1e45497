import { expect, test } from "vitest";
import { runnerCommands } from "../../../src/shared/runner-commands.ts";
import { gatherOutput } from "../../../src/hosts/runner/gathered-output.ts";

test("what an upload prints stands together, and what the work prints meanwhile does not get into it", async () => {
  let out = "";
  const stdout = { write: (text: string | Uint8Array) => ((out += String(text)), true) };
  const runner = runnerCommands({}, (line) => void stdout.write(`${line}\n`));
  const output = gatherOutput(stdout, runner.group);
  const upload = Promise.withResolvers<string>();
  const saving = output.gather("Saving a segment", async () => {
    stdout.write("uploading\n");
    const digest = await upload.promise;
    stdout.write(`${digest}\n`);
    return digest;
  });
  runner.log("code · implement · turn 1");
  upload.resolve("done");
  expect(await saving).toBe("done");
  runner.log("code · implement · turn 2");
  expect(out.split("\n").slice(0, -1)).toEqual(["code · implement · turn 1", "::group::Saving a segment", "uploading", "done", "::endgroup::", "code · implement · turn 2"]);
});

test("a failed upload shows what it printed", async () => {
  let out = "";
  const stdout = { write: (text: string | Uint8Array) => ((out += String(text)), true) };
  const output = gatherOutput(stdout, runnerCommands({}, (line) => void stdout.write(`${line}\n`)).group);
  const failing = output.gather("Saving a segment", () => {
    stdout.write("quota\n");
    return Promise.reject(new Error("refused"));
  });
  await expect(failing).rejects.toThrow("refused");
  expect(out).toBe("::group::Saving a segment\nquota\n::endgroup::\n");
});
