export { COMMANDS, commandTable, formatCommand, MAX_LINE_CHARS, MAX_TEXT_CHARS, type Command, type CommandName, type CommandRule, type Grammar, type OperandRule } from "./grammar.ts";
export { mentionsSomebody } from "./find-commands.ts";
export { readComment, type CommandRefusal, type ReadComment } from "./parse-comment.ts";
export { parseCommandLine, type LineRefusal } from "./parse-line.ts";
