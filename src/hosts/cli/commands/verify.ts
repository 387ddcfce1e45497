import { TerminalError } from "../../../shared/errors.ts";
import { dataOption, jsonOption, type Command } from "../command.ts";

export const verify: Command = {
  name: "verify",
  operands: "JOURNAL|RUN|PR",
  summary: "Checks a log, or a pull request against its log: every line, its chain, its blobs, what its streams say; exit code 1 when anything is wrong.",
  about: `JOURNAL is a session or an item, a journal directory, a file of \`worktrain export\`, or a directory of downloaded artifacts. Says what is wrong
where, and how much can be salvaged; changes nothing. RUN is the id or address of a run on GitHub: its artifacts are taken by id and
digest, and the run's origin and ticket are checked as the deliver job does. PR is OWNER/NAME#12 or a pull request's address: its record
is found and checked so, its proof made again from it and compared with the pull request's body, head commit and the record. RUN and PR
need GITHUB_TOKEN or GH_TOKEN; a GitHub that cannot be reached is given up after 4 s, one that is silent after a minute and a half.`,
  options: {
    app: { kind: "text", value: "SLUG", help: "the App that makes PR, where deliver jobs publish as the App; else it is github-actions" },
    repository: { kind: "text", value: "OWNER/NAME", help: "the repository of RUN, when it is given by its id" },
    data: dataOption,
    json: jsonOption,
  },
  async run(call, world) {
    const [operand] = call.positionals;
    if (operand === undefined) throw new TerminalError("`worktrain verify` needs a journal, a run or a pull request.", "Give a session, an item, a directory, a file, or a run or pull request of GitHub.");
    const { readPullAddress, readRunAddress } = await import("../log/run-address.ts");
    const pull = readPullAddress(operand, world.environment().github.apiUrl);
    if (pull !== null) return (await import("../log/verify-pull-request.ts")).verifyPullRequest(pull, world, call.text("app") === undefined ? null : `${call.text("app")}[bot]`);
    const run = readRunAddress(operand, call.text("repository"), world.environment().github.apiUrl);
    if (run !== null) return (await import("../log/verify-run.ts")).verifyRun(run, world);
    const [{ findLog }, { verifyPlace }, { dataDirectoryOf }] = await Promise.all([import("../log/places.ts"), import("../log/verify-log.ts"), import("../open-sessions.ts")]);
    return verifyPlace(await findLog(operand, dataDirectoryOf(call, world), world), world);
  },
};
