export { composePrompt, promptTexts, type PromptParts } from "./compose.ts";
export type { Layer, Prompt } from "./layer.ts";
export { readRules, type Rule, type Rules } from "./read-rules.ts";
export { blockedMessage, reminder, stepMessage } from "./step-texts.ts";
