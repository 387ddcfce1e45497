export { budgetOf, type Budget } from "./budget.ts";
export { isAtLeast, type CommandRole } from "./permissions.ts";
export { effectiveKeys, effectiveText, type EffectiveKey } from "./effective.ts";
export { parseConfig } from "./parse-config.ts";
export { configJsonSchema, configTable } from "./published.ts";
export { allowedHosts, CONFIG_PATH, modelsOf, verifyCommands, type Config } from "./schema.ts";
