/**
 * The program inside the sandbox. Serves every tool over its pipes (see ../protocol.ts) until its stdin ends.
 * H1. Every call gets exactly one reply, whatever the tool does; a failure is a reply the model can read.
 * H2. Calls that only read run side by side; a call that changes files or runs a command runs alone.
 */
import { RUN_COMMAND, type HelperReply, type HelperSettings } from "../protocol.ts";
import { bash } from "./bash.ts";
import { edit } from "./edit.ts";
import { startForwarder } from "./forwarder.ts";
import { glob } from "./glob.ts";
import { grep } from "./grep.ts";
import { systemCode } from "./paths.ts";
import { read } from "./read.ts";
import { ReadLedger } from "./read-ledger.ts";
import { runCommand } from "./run-command.ts";
import { ToolFailure, ToolInput, type HelperTool, type ToolOutput } from "./tool.ts";
import { Turnstile } from "./turnstile.ts";
import { write } from "./write.ts";

const tools: ReadonlyMap<string, HelperTool> = new Map(Object.entries({ read, write, edit, glob, grep, bash, [RUN_COMMAND]: runCommand }));

// Written by the host that started this process, so it is what HelperSettings says.
const settings: HelperSettings = JSON.parse(process.argv[2] ?? "");
const ledger = new ReadLedger();
const turnstile = new Turnstile();
const running = new Map<number, AbortController>();

const reply = (message: HelperReply): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);

async function serve(id: number, name: string, rawInput: unknown): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  const output = await answer(name, rawInput, controller.signal);
  running.delete(id);
  const { content, isError = false, outcome } = output;
  reply({ kind: "result", id, content: content.toWellFormed(), isError, ...(outcome === undefined ? {} : { outcome }) }); // H1
}

async function answer(name: string, rawInput: unknown, signal: AbortSignal): Promise<ToolOutput> {
  const tool = tools.get(name);
  if (tool === undefined) return { content: `There is no tool ${name}.`, isError: true };
  try {
    const input = new ToolInput(rawInput);
    return await turnstile.pass(tool.exclusive, signal, () => tool.run(input, { ...settings, ledger, signal })); // H2
  } catch (error) {
    return { content: explain(error), isError: true };
  }
}

function explain(error: unknown): string {
  if (error instanceof ToolFailure) return error.message;
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") return "The disk is full. Delete what is not needed.";
  if (code === "EMFILE" || code === "ENFILE" || code === "EAGAIN") return "The system is out of files or processes for the moment. Try again.";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return `Not permitted: ${messageOf(error)}`;
  return `The tool failed: ${messageOf(error)}`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function receive(line: string): void {
  const message: unknown = JSON.parse(line);
  if (typeof message !== "object" || message === null || !("kind" in message && "id" in message) || typeof message.id !== "number") return;
  if (message.kind === "cancel") running.get(message.id)?.abort();
  if (message.kind === "call" && "tool" in message && "input" in message) void serve(message.id, String(message.tool), message.input);
}

let pending = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (chunk: string) => {
  const lines = (pending + chunk).split("\n");
  pending = lines.pop() ?? "";
  for (const line of lines) receive(line);
});
// The host died (stdin ends) or closes the sandbox (SIGTERM). In the namespace the end of this process ends all others;
// without it the running commands are ended first.
process.stdin.on("end", shutDown);
process.on("SIGTERM", shutDown);

function shutDown(): void {
  for (const controller of running.values()) controller.abort();
  const exitWhenIdle = () => (running.size === 0 ? process.exit(0) : setTimeout(exitWhenIdle, 20));
  exitWhenIdle();
}

if (settings.gateway !== null) await startForwarder(settings.gateway);
reply({ kind: "ready" });
