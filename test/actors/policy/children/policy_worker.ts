/** A policy worker over a zone that is data. */
import { type PolicyWorkerConfig, startPolicy } from "../../../../src/actors/policy/mod.ts";
import { hostWorker } from "../../../../src/runtime/mod.ts";
import { FakeDns, type FakeName } from "../../../policy/support/fake_dns.ts";

hostWorker<PolicyWorkerConfig & { readonly zone: Readonly<Record<string, FakeName>> }>({
  start: (host) => startPolicy(host, new FakeDns(host.config.zone)),
});
