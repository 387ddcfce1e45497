import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of this package, found from a module's URL: the nearest one above it that holds `workflows/` and `action/`. */
export function packageRoot(moduleUrl: string): string {
  for (let directory = dirname(fileURLToPath(moduleUrl)); ; directory = dirname(directory)) {
    if (existsSync(join(directory, "workflows")) && existsSync(join(directory, "action", "action.yml"))) return directory;
    if (dirname(directory) === directory) throw new Error(`No WorkTrain package above ${fileURLToPath(moduleUrl)}: workflows/ and action/ are missing.`);
  }
}
