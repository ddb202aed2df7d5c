import type { Command } from "../command.ts";
import { ehlo } from "./ehlo.ts";

/** LHLO SP ( Domain / address-literal ) (RFC 2033 §4.1): what EHLO is, in LMTP. */
export const lhlo: Command = { ...ehlo, dialect: "lmtp" };
