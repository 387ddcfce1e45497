/** Ends every switch over a union: the compiler refuses a missing case, and at run time a wrong value fails loudly. */
export function unreachable(value: never): never {
  throw new Error(`Unhandled case: ${JSON.stringify(value)}. This is a bug in WorkTrain; please report it.`);
}
