import type { Config } from "../config/index.ts";
import type { PipelinePolicy } from "../record/index.ts";

/** What the config says of the pipeline, as an item is opened with it. */
export const openingPolicy = ({ pipeline }: Pick<Config, "pipeline">): PipelinePolicy => ({ ...pipeline, rules: 2, pitches: [...pipeline.pitches], requires: pipeline.requires.map((each) => ({ ...each })) });
