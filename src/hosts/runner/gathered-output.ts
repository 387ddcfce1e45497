import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Runs tasks whose output is to stand together: GitHub's artifact client prints some twenty lines an upload, and uploads go on
 * beside the work, whose lines would come in between.
 */
export interface GatheredOutput {
  /** Everything that the task writes to stdout comes out at its end, folded under the title. */
  gather<T>(title: string, task: () => Promise<T>): Promise<T>;
}

/** @param group prints a text, folded under its title */
export function gatherOutput(stdout: Pick<NodeJS.WriteStream, "write">, group: (title: string, text: string) => void): GatheredOutput {
  const gathering = new AsyncLocalStorage<string[]>();
  const write = stdout.write.bind(stdout);
  stdout.write = ((chunk: string | Uint8Array, ...rest: []) => {
    const texts = gathering.getStore();
    if (texts === undefined) return write(chunk, ...rest);
    texts.push(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
    return true;
  }) as typeof stdout.write;
  return {
    async gather(title, task) {
      const texts: string[] = [];
      try {
        return await gathering.run(texts, task);
      } finally {
        group(title, texts.join(""));
      }
    },
  };
}
