/**
 * Small pieces of the server measured in one process, each beside a reference arm.
 * The benchmark suite imports it; it may import everything of the server.
 * It must never decide by time whether something is right.
 */
export { benchDeliver } from "./deliver.ts";
export { benchIndex } from "./index.ts";
export { benchParse } from "./parse.ts";
export { benchRoute } from "./route.ts";
export { benchWire } from "./wire.ts";
