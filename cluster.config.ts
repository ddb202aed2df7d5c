import { defineCluster } from "./src/config/mod.ts";

/** The cluster as data. Every field but the host name has a default: src/config/define_cluster.ts explains each. */
export default defineCluster({
  hostname: "localhost",
  listeners: [
    { service: "smtp", port: 2525, tls: "starttls" },
    { service: "submission", port: 2587, tls: "starttls" },
    { service: "submission", port: 2465, tls: "implicit" },
    { service: "pop3", port: 2110, tls: "starttls" },
    { service: "pop3", port: 2995, tls: "implicit" },
    { service: "imap", port: 2143, tls: "starttls" },
    { service: "imap", port: 2993, tls: "implicit" },
  ],
});
