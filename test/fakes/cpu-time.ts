/**
 * CPU time of this process from now on: for a test that nothing made to be slow is slow, on a machine that is busy with something else.
 * @returns says how much it has been since, in milliseconds
 */
export function cpuTimer(): () => number {
  const started = process.cpuUsage();
  return () => process.cpuUsage(started).user / 1000;
}
