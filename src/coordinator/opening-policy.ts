import type { Config } from "../config/index.ts";
import { NEWEST_RULES } from "../engine/pipeline/index.ts";
import type { PipelinePolicy } from "../record/index.ts";

/** What the config says of the pipeline, as an item is opened with it. */
export const openingPolicy = ({ pipeline }: Pick<Config, "pipeline">): PipelinePolicy => ({ ...pipeline, rules: NEWEST_RULES, pitches: [...pipeline.pitches], requires: pipeline.requires.map((each) => ({ ...each })) });
