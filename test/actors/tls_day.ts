import type { TlsDayReport } from "../../src/messages/mod.ts";

/** What is counted of TLS with a domain on one day, with everything that may be in it. */
export const TLS_DAY: TlsDayReport = {
  domain: "b.test",
  dayMs: 0,
  policies: [{
    policy: { type: "sts", lines: ["version: STSv1"], hosts: ["mx.b.test"] },
    successes: 1,
    failures: 2,
    details: [{
      result: "validation-failure",
      host: "mx.b.test",
      sourceAddress: "192.0.2.1",
      address: "192.0.2.2",
      reason: "x",
      count: 2,
    }],
  }],
};
