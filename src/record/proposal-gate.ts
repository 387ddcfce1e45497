import { sha256Hex } from "../shared/hash.ts";
import { canonicalJson, type Json } from "../shared/json.ts";

/** A gate's name that says as well what it is about, so that what a person approved is what is done. @param proposal null where the gate is about nothing that could be another */
export const boundGate = (gate: string, proposal: Json | null): string => (proposal === null ? gate : `${gate}-${sha256Hex(canonicalJson(proposal)).slice(0, 12)}`);
