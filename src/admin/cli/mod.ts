/**
 * The parts of the command line: words and options, the client of the control socket, tables and questions.
 * Only admin imports it.
 * It must never touch the terminal, a socket or a file but through `CommandIo`.
 */
export { paramsOf, parseArguments, UsageError } from "./arguments.ts";
export { callVerb } from "./call_verb.ts";
export { printHelp, printUsage } from "./help.ts";
export { type CommandIo, Exit, type StartOptions } from "./io.ts";
export { jsonLine, printable } from "./print.ts";
export { RpcClient } from "./rpc_client.ts";
export { type Command, commandsOf, findCommand } from "./verbs.ts";
