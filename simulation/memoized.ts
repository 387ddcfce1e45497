/** A pure function that works once for the same input, whichever world asks. Only for inputs of which there are few. */
export function memoized<Input, Output>(work: (input: Input) => Output): (input: Input) => Output {
  const known = new Map<string, Output>();
  return (input) => {
    const key = JSON.stringify(input);
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = work(input);
    known.set(key, made);
    return made;
  };
}
