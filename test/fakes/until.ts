import { setTimeout as sleep } from "node:timers/promises";

/** Only a test that fails waits as long: a busy machine can take more than half a minute to start a few processes. */
const PATIENCE_MS = 90_000;

/** Waits until something is so. @throws Error that says what did not come true */
export async function until(holds: () => boolean | Promise<boolean>, what: string, patienceMs = PATIENCE_MS): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It did not come about within ${patienceMs / 1000} s that ${what}.`);
    await sleep(20);
  }
}
