/** Concurrency groups: one run of a group at a time, the others wait in order (docs: "Control the concurrency of workflows and jobs"). */

/** How many runs may wait in a group with `queue: max` (GitHub changelog, 7 May 2026). */
const MAX_PENDING = 100;

export interface GroupMembership {
  /** Null belongs to no group and never waits. */
  readonly group: string | null;
  readonly queue: "single" | "max";
  readonly cancelInProgress: boolean;
}

export interface RunQueueOptions {
  start(runId: number): void;
  /** The run waited and never will be started. */
  dropPending(runId: number): void;
  cancelRunning(runId: number): void;
}

export interface RunQueue {
  enter(runId: number, membership: GroupMembership): void;
  /** Call when a started run is over. */
  leave(runId: number): void;
  /** Takes a waiting run out; false when it is not waiting. */
  withdraw(runId: number): boolean;
}

interface Group {
  running: number | null;
  pending: number[];
}

export function createRunQueue(options: RunQueueOptions): RunQueue {
  const groups = new Map<string, Group>();

  const enterGroup = (runId: number, name: string, { queue, cancelInProgress }: GroupMembership): void => {
    // Names are compared without regard to case.
    const key = name.toLowerCase();
    const group = groups.get(key) ?? { running: null, pending: [] };
    groups.set(key, group);
    if (group.running === null) {
      group.running = runId;
      return options.start(runId);
    }
    if (queue === "single") for (const replaced of group.pending.splice(0)) options.dropPending(replaced);
    if (group.pending.length >= MAX_PENDING) return options.dropPending(runId);
    group.pending.push(runId);
    if (cancelInProgress) options.cancelRunning(group.running);
  };

  return {
    enter: (runId, membership) => (membership.group === null ? options.start(runId) : enterGroup(runId, membership.group, membership)),
    leave(runId) {
      for (const group of groups.values()) {
        if (group.running !== runId) continue;
        group.running = group.pending.shift() ?? null;
        if (group.running !== null) options.start(group.running);
      }
    },
    withdraw(runId) {
      for (const group of groups.values()) {
        const index = group.pending.indexOf(runId);
        if (index !== -1) return group.pending.splice(index, 1).length > 0;
      }
      return false;
    },
  };
}
