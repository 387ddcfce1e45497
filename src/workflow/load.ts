import type { Result } from "../shared/result.ts";
import type { Fault } from "../shared/fault.ts";
import { type Compiled, type CompileOptions, compileWorkflow } from "./compile.ts";
import { decodeWorkflow } from "./decode.ts";

/** Compiles the bytes of a workflow file, or says everything that is wrong with them. Pure: routines and bindings come in as data. */
export function loadWorkflow(bytes: Uint8Array, file: string, options: CompileOptions = {}): Result<Compiled, readonly Fault[]> {
  const text = decodeWorkflow(bytes, file);
  return text.ok ? compileWorkflow({ text: text.value, file }, options) : text;
}
