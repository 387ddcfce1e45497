import type { AppLog } from "./app-log.ts";

/**
 * Work in order per subject (an issue), side by side over subjects. Nothing is lost and nothing waits twice: a task with
 * the same `coalesce` key as one that has not begun yet is dropped, since the waiting one will see the same state (attack 4).
 */
export interface SubjectQueue {
  /** Never rejects: a task that throws is logged. */
  add(subject: string, task: QueuedTask): void;
  /** Runs in the subject's order and gives its result. */
  run<T>(subject: string, work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is queued or running. */
  idle(): Promise<void>;
}

export interface QueuedTask {
  /** For the log. */
  readonly name: string;
  readonly coalesce: string;
  run(): Promise<void>;
}

export function createSubjectQueue(log: AppLog): SubjectQueue {
  const tails = new Map<string, Promise<unknown>>();
  const waiting = new Set<string>();

  const chain = <T>(subject: string, work: () => Promise<T>): Promise<T> => {
    const result = (tails.get(subject) ?? Promise.resolve()).then(work);
    const tail = result.catch(() => undefined).then(() => {
      if (tails.get(subject) === tail) tails.delete(subject);
    });
    tails.set(subject, tail);
    return result;
  };

  return {
    add(subject, task) {
      const waitKey = `${subject} ${task.coalesce}`;
      if (waiting.has(waitKey)) return;
      waiting.add(waitKey);
      const begin = (): Promise<void> => {
        waiting.delete(waitKey);
        return task.run();
      };
      chain(subject, begin).catch((error: unknown) => log.error(error, `${task.name} failed`, { subject }));
    },
    run: chain,
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values());
    },
  };
}
