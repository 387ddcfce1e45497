import { join } from "node:path";
import { TerminalError } from "../shared/errors.ts";
import type { FileSystem } from "../shared/ports.ts";
import { compileWorkflow, type Plan } from "../workflow/index.ts";

/**
 * Compiles every workflow file of a directory, by workflow id.
 * @throws TerminalError naming file, line and fault when one does not compile: a broken workflow is never skipped in silence
 */
export function loadLibrary(fs: FileSystem, directory: string): ReadonlyMap<string, Plan> {
  const plans = new Map<string, Plan>();
  for (const name of fs.list(directory).filter((each) => each.endsWith(".yaml"))) {
    const bytes = fs.read(join(directory, name));
    if (bytes === null) continue;
    const compiled = compileWorkflow({ text: new TextDecoder().decode(bytes), file: name });
    if (!compiled.ok) {
      const [fault] = compiled.error;
      throw new TerminalError(`${name}:${fault?.line ?? 0}: ${fault?.message ?? "not a workflow"}`, fault?.fix ?? "Mend the file.");
    }
    plans.set(compiled.value.plan.id, compiled.value.plan);
  }
  return plans;
}
