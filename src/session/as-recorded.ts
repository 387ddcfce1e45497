import { canonicalCopy } from "../shared/json.ts";
import { type Redact, redactJson } from "../shared/redact.ts";

/**
 * A value as it will read back from the log: redacted, as plain JSON, in well-formed Unicode. What comes from outside goes
 * through here before it is decided on, so that replaying the log gives the state in memory (I3).
 */
export function asRecorded<T>(value: T, redact: Redact | undefined): T {
  const plain = canonicalCopy(value);
  return (redact === undefined ? plain : redactJson(redact, plain)) as T;
}
