/**
 * The cluster as typed data: what can be configured, its defaults, and reading it from a file.
 * Workers, admin and main import it; it imports base and mail.
 * It must never write a config, nor read the directory's accounts.
 */
export * from "./config_error.ts";
export * from "./define_cluster.ts";
export * from "./describe_reload.ts";
export * from "./load.ts";
export * from "./validate.ts";
