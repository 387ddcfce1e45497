import { dataOption, jsonOption, type Command } from "../command.ts";

export const stats: Command = {
  name: "stats",
  operands: "",
  summary: "Tells what sessions took: time at work, turns, cost and outcomes by workflow and step, p50 and p95.",
  about: `Also the commands that verified the work, and the time-out each gets the next time. Time between runs and time spent waiting for a person is
left out. With five times or more of something, what the next one is expected to take.`,
  options: { data: dataOption, json: jsonOption },
  async run(call, world) {
    const [{ collectStats }, { dataDirectoryOf }] = await Promise.all([import("../log/stats.ts"), import("../open-sessions.ts")]);
    return collectStats(dataDirectoryOf(call, world), world);
  },
};
