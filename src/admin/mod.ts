/**
 * The control socket and the command line: methods, their JSON-RPC and HTTP clothing, and the verbs that call them.
 * Main imports it and joins it to sockets; it imports base, mail, messages, runtime (types) and config.
 * It must never open a socket itself, nor touch mail but by asking its actors.
 */
export * from "./control_context.ts";
export { type ControlPeer, ControlSession, IN_FLIGHT_MAX } from "./control_session.ts";
export type { ControlServices } from "./method.ts";
export { CONTROL_CONNECTIONS_MAX, type ControlStream, serveControl } from "./control_socket.ts";
export { type Call, type Method, Registry, type Shown, type Verb } from "./method.ts";
export { type Health, healthOf, REGISTRY } from "./methods/mod.ts";
export { metricsText } from "./metrics.ts";
export { type CommandIo, Exit, run, type StartOptions } from "./command_line.ts";
