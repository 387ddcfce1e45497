/**
 * fast-check with a fixed seed, so that one commit gives one answer wherever it is checked. `WORKTRAIN_TEST_SEED` takes another:
 * an integer, or `random`, which the nightly job asks for. A failure prints the seed it was found with.
 */
import fc from "fast-check";

const asked = process.env.WORKTRAIN_TEST_SEED ?? "20261129";
if (asked !== "random") {
  const seed = Number(asked);
  if (!Number.isInteger(seed)) throw new TypeError(`WORKTRAIN_TEST_SEED is ${JSON.stringify(asked)}: it takes an integer or "random"`);
  fc.configureGlobal({ seed });
}

export default fc;
