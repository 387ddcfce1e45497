export { parseConfig } from "./parse-config.ts";
export { configJsonSchema, configTable } from "./published.ts";
export { CONFIG_PATH, modelOfTier, type Config } from "./schema.ts";
