import { findingIdentity, type IdentifiedFinding } from "../record/index.ts";
import { sha256Hex } from "../shared/hash.ts";

/** Hex digits: 64 bits, far more than the findings of one repository need. */
const DIGITS = 16;

/**
 * A short name that a finding keeps over rounds and pushes.
 * @param code the line that it is about with those beside it; null where the files are not at hand: then its words stand for the place
 */
export const fingerprintOf = (finding: IdentifiedFinding, code: string | null): string => sha256Hex(findingIdentity(finding, code)).slice(0, DIGITS);
