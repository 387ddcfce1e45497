import { jsonOption, type Command } from "../command.ts";

export const init: Command = {
  name: "init",
  operands: "",
  summary: "Puts WorkTrain's workflow file and config into the clone here, and says what is left to do.",
  about: `Does what the App's onboarding pull request does, from a terminal. A file that is there stays as it is; nothing is committed. The public key
is taken from WORKTRAIN_TICKET_KEY where that is set. Exits 1 where the workflow file is missing still, for want of the action or the key.`,
  options: {
    action: { kind: "text", value: "OWNER/NAME/action@COMMIT", help: "WorkTrain's action pinned by commit, for the workflow file" },
    "public-key": { kind: "text", value: "KEY", help: "the App's ticket key, as its page shows it" },
    "action-only": { kind: "flag", help: "without the App: a workflow of the repository's own decides in its place, and a key for it is made" },
    json: jsonOption,
  },
  async run(call, world) {
    const { setUpClone } = await import("../set-up/set-up-clone.ts");
    return setUpClone({ action: call.text("action") ?? null, publicKey: call.text("public-key") ?? null, actionOnly: call.flag("action-only") }, world);
  },
};
