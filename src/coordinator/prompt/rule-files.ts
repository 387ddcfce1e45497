/** Which files of a repository tell agents how to work in it, as data. A place is a file, or a directory with the endings that count. */

export interface RulePlace {
  readonly path: string;
  /** Set for a directory: the endings of the files below it that count. */
  readonly endings?: readonly string[];
  /** Whose convention it is. */
  readonly of: string;
}

/** In the order they are read. The first of several files with the same content counts. */
export const RULE_PLACES: readonly RulePlace[] = [
  { path: "AGENTS.md", of: "agents.md" },
  { path: "CLAUDE.md", of: "Claude Code" },
  { path: ".claude/CLAUDE.md", of: "Claude Code" },
  { path: ".claude/rules", endings: [".md"], of: "Claude Code" },
  { path: ".github/copilot-instructions.md", of: "GitHub Copilot" },
  { path: ".github/instructions", endings: [".instructions.md"], of: "GitHub Copilot" },
  { path: "GEMINI.md", of: "Gemini CLI" },
  { path: ".cursorrules", of: "Cursor" },
  { path: ".cursor/rules", endings: [".md", ".mdc"], of: "Cursor" },
  { path: ".windsurfrules", of: "Windsurf" },
  { path: ".windsurf/rules", endings: [".md"], of: "Windsurf" },
  { path: ".clinerules", endings: [".md", ".txt", ".clinerules"], of: "Cline" },
  { path: ".roorules", of: "Roo Code" },
  { path: ".roo/rules", endings: [".md", ".txt"], of: "Roo Code" },
  { path: ".junie/guidelines.md", of: "JetBrains Junie" },
  { path: ".aiassistant/rules", endings: [".md"], of: "JetBrains AI Assistant" },
  { path: ".kiro/steering", endings: [".md"], of: "Kiro" },
  { path: ".amazonq/rules", endings: [".md"], of: "Amazon Q" },
  { path: ".augment/rules", endings: [".md"], of: "Augment" },
  { path: ".continue/rules", endings: [".md"], of: "Continue" },
  { path: ".rules", of: "Zed" },
  { path: ".goosehints", of: "Goose" },
  { path: "WARP.md", of: "Warp" },
  { path: "CONVENTIONS.md", of: "aider" },
];

/** The operator's own; a file named after a phase is for that phase. */
export const OPERATOR_RULES: RulePlace = { path: ".worktrain/rules", endings: [".md"], of: "WorkTrain" };

/** Characters of one file that are given to the agent, about 5,000 tokens; a longer one is cut at a line's end and says so. */
export const RULE_FILE_CHARS = 20_000;
/** Of all files of the repository together, so that the task is not lost among them; likewise of all files of the operator. */
export const ALL_RULES_CHARS = 60_000;
/** A larger file is no text for a reader and is not looked at. */
export const RULE_FILE_BYTES = 1024 * 1024;
