/** The directory worker: domains, accounts, aliases and credentials. Reads and writes its own data directory; no network. */
import { type DirectoryWorkerConfig, startDirectory } from "../src/actors/directory/mod.ts";
import { hostWorker } from "../src/runtime/mod.ts";

hostWorker<DirectoryWorkerConfig>({ start: startDirectory });
