import * as z from "zod";

/** Parameters that several methods take. */
export const address = z.string().min(1).max(512).describe("Full address, local@domain");
export const domain = z.string().min(1).max(512).describe("Domain name");
export const password = z.string().min(1).max(4_096).describe("The new password").meta({ secret: true });
export const quotaBytes = z.int().min(0).describe("Bytes; 0 for no limit");
export const quotaMessages = z.int().min(0).describe("Messages; 0 for no limit");
export const workerName = z.string().min(1).max(64).describe("As worker.list shows it");

/** What lists take. */
export const PAGE = {
  limit: z.int().min(1).max(10_000).default(1_000).describe("Records at most"),
  cursor: z.string().max(1_024).optional().describe("`next` of the page before"),
};
