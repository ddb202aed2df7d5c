/**
 * The grammar of commands, a file for each group of productions, over one reader that goes from left to right.
 * Only `grammar.ts` imports it; others take what it exports from there.
 * It must never look back further than one word, nor know of states and sessions.
 */
export type { GrammarMode, MetLiteral, ParseProblem } from "./reader.ts";
