/**
 * The grammar of commands, a file for each group of productions, over one reader that goes from left to right; and what it reads.
 * The session imports `grammar.ts`, everything else the types of what was read.
 * It must never look back further than one word, nor know of states and sessions.
 */
export type * from "./ast.ts";
export type * from "./ast_fetch.ts";
export type * from "./ast_search.ts";
export * from "./grammar.ts";
export type { GrammarMode, MetLiteral, ParseProblem } from "./reader.ts";
