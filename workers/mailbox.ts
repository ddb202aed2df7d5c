/** A mailbox worker: one actor per domain over the shards it owns. Reads and writes its data directory; no network. */
import { type MailboxWorkerConfig, startMailboxes } from "../src/actors/mailbox/mod.ts";
import { hostWorker } from "../src/runtime/mod.ts";

hostWorker<MailboxWorkerConfig>({ start: startMailboxes });
