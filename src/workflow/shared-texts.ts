/** Short texts that prompts may refer to (`wr.refs.*`) and that features add to prompt blocks (`wr.features.*`). */

export const SHARED_TEXTS: Readonly<Record<string, string>> = {
  "wr.refs.memory_usage": "If a memory tool is available, use it: look up what is known before you start, store what the next session will need. If there is none, say so in your notes and go on without it.",
  "wr.refs.memory_store": "Store each decision, constraint and surprise that outlasts this step, each as one self-contained sentence with the paths it concerns.",
  "wr.refs.memory_query": "Ask memory for earlier decisions on the files and terms of this task before you read the code. Treat what it says as a lead to be checked.",
  "wr.refs.notes_first_durability": "Your notes are what survives this step. Write into them every finding, path, command and result that a reader without this conversation needs; do not rely on the conversation or on scratch files.",
  "wr.refs.synthesis_under_disagreement": "Where results disagree, do not average them. Name the disagreement, look at the evidence of each side, decide, and say what would change the decision.",
  "wr.refs.parallelize_cognition_serialize_synthesis": "Thinking may be done side by side by several workers; bringing it together is done by one. Give each worker its own question, wait for all, then write one synthesis yourself.",
  "wr.refs.adversarial_challenge_rules": "Attack the strongest form of the claim. Bring evidence or a concrete failing case for each objection, drop objections you cannot support, and say which parts of the claim you could not break.",
};

export interface FeatureText {
  readonly id: string;
  readonly constraints?: readonly string[];
  readonly procedure?: readonly string[];
  readonly verify?: readonly string[];
}

export const FEATURES: readonly FeatureText[] = [
  {
    id: "wr.features.memory_context",
    constraints: ["What memory says is a lead, not a fact: check it on the code before you rely on it."],
    procedure: ["Before you start, look up what is known about this subject, if a memory tool is available.", "Before you hand over, store what the next session will need to know."],
    verify: ["What was found in memory and used is named in the notes."],
  },
  {
    id: "wr.features.capabilities",
    constraints: ["Use only tools you have seen work in this session; where one is missing, say so and take the next best way."],
    procedure: ["Find out at the start which of the tools this step needs are available."],
    verify: ["The notes say which capability was missing and what was done instead, if any was."],
  },
  {
    id: "wr.features.subagent_guidance",
    constraints: ["Delegate only self-contained questions; decisions and the final text stay with you."],
    procedure: ["Give each delegate its goal, its inputs and the form of its answer; wait for all of them before you go on."],
    verify: ["Every delegated result was checked against its evidence before it was used."],
  },
];
