/**
 * The model's API for the agent's rows, in a process of its own so that its CPU time is not the loop's. It applies the documented
 * cache rules (src/hosts/demo/model/prompt-cache.ts: exact prefix, breakpoints, 20 blocks of look-back, the model's minimum,
 * 5 minutes to live) and counts the usage of every request by them.
 */
import { startModelServer } from "../src/hosts/demo/model/index.ts";
import { answerOf } from "./agent-conversation.ts";

const [apiKey = "", turns = "0"] = process.argv.slice(2);
const server = await startModelServer({
  apiKey,
  answer: ({ messages }) => ({ kind: "message", content: answerOf(messages.filter(({ role }) => role === "assistant").length, Number(turns)) }),
});
process.on("message", (message) => {
  if (message !== "usage") return process.disconnect();
  process.send?.(server.requests.map(({ usage }) => usage));
});
process.on("disconnect", () => void server.close());
process.send?.(server.url);
