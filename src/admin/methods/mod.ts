/**
 * The methods of the control socket, one file for each noun; what they do and how their results are shown.
 * Only admin imports it.
 * It must never know of JSON-RPC, HTTP or terminals.
 */
export { type Health, healthOf } from "./server.ts";
export { REGISTRY } from "./registry.ts";
