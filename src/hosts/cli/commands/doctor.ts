import { resolve } from "node:path";
import { dataOption, jsonOption, type Command } from "../command.ts";

export const doctor: Command = {
  name: "doctor",
  operands: "",
  summary: "Looks for what is wrong with this machine, repository, App, permissions and quota; exit code 1 when something is.",
  about: `Each finding says what to do; what cannot be known is called unknown. Changes nothing. Looks at the clone in the current directory and at its origin
on GitHub. Environment: GITHUB_TOKEN or GH_TOKEN; for the App APP_ID, PRIVATE_KEY or PRIVATE_KEY_PATH, WORKTRAIN_TICKET_KEY.`,
  options: { repository: { kind: "text", value: "OWNER/NAME", help: "another repository on GitHub than the origin of the clone here" }, data: dataOption, json: jsonOption },
  async run(call, world) {
    const [{ examine }, { namedRepository }] = await Promise.all([import("../doctor/doctor.ts"), import("../log/run-address.ts")]);
    const name = call.text("repository");
    return examine({ dataDirectory: resolve(call.text("data") ?? world.environment().dataDirectory), repository: name === undefined ? null : namedRepository(name) }, world);
  },
};
