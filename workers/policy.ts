/** The policy worker: who a mail is from, and signatures on what goes out. Network only; it can read and write no file. */
import { type PolicyWorkerConfig, startPolicy } from "../src/actors/policy/mod.ts";
import { hostWorker } from "../src/runtime/mod.ts";

hostWorker<PolicyWorkerConfig>({ start: (host) => startPolicy(host) });
