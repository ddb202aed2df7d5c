import type { RateLimitsConfig } from "../../src/policy/mod.ts";

/** Everybody may take whatever there is: to be overridden by the rate that a test is about. */
export const NO_RATES: RateLimitsConfig = {
  connectionsPerMinute: 0,
  messagesPerMinute: 0,
  recipientsPerMinute: 0,
  errorsPerMinute: 0,
  networkFactor: 0,
  accountMessagesPerHour: 0,
  accountRecipientsPerHour: 0,
};
