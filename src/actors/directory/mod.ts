/**
 * The directory worker: domains, accounts, aliases and credentials, and who may log in.
 * Only `workers/` and the directory actor import it.
 * It must never let a password or its hash leave, not even into the log.
 */
export { type DirectoryWorkerConfig, startDirectory } from "./worker.ts";
