import type { MailParameters } from "../../mail/envelope.ts";

/** HOLDFOR=1*9DIGIT (RFC 4865 §3), in ms, or null: a positive number of seconds. */
export function parseHoldFor(value: string | null): number | null {
  return value !== null && /^[1-9][0-9]{0,8}$/.test(value) ? Number(value) * 1_000 : null;
}

/** HOLDUNTIL=date-time (RFC 4865 §3, RFC 3339 §5.6), in ms since 1970 UTC, or null. */
export function parseHoldUntil(value: string | null): number | null {
  const match = value === null ? null : DATE_TIME.exec(value.toUpperCase());
  if (match === null) return null;
  const [, day = "", hour = "", minute = "", second = "", zone = ""] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  // Of 31 February, `Date` makes 3 March.
  const midnightMs = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnightMs) || new Date(midnightMs).toISOString().slice(0, 10) !== day) return null;
  const offsetMinutes = zoneMinutes(zone);
  if (offsetMinutes === null) return null;
  return midnightMs + ((Number(hour) * 60 + Number(minute) - offsetMinutes) * 60 + Number(second)) * 1_000;
}

/** What BY asks for (RFC 2852 §4): `seconds` from now on, which only a mail that is not to be returned may have behind it. */
export interface DeliverBy {
  readonly seconds: number;
  readonly mode: NonNullable<MailParameters["deliverBy"]>["mode"];
  readonly trace: boolean;
}

/** BY=by-time ";" by-mode [by-trace] (RFC 2852 §4), or null. */
export function parseDeliverBy(value: string | null): DeliverBy | null {
  const match = value === null ? null : /^([+-]?[0-9]{1,9});([RN])(T?)$/i.exec(value);
  if (match === null) return null;
  const seconds = Number(match[1]);
  const mode = match[2]!.toUpperCase() === "R" ? "return" : "notify";
  if (mode === "return" && seconds <= 0) return null; // RFC 2852 §4: "R" needs a time that lies ahead.
  return { seconds, mode, trace: match[3] !== "" };
}

/** priority-value of MT-PRIORITY (RFC 6710 §4.1), or null: -9 to 9, without a plus sign or a negative zero. */
export function parsePriority(value: string | null): number | null {
  return value !== null && /^(?:0|-?[1-9])$/.test(value) ? Number(value) : null;
}

/** Minutes that a time-offset is ahead of UTC, or null. */
function zoneMinutes(zone: string): number | null {
  if (zone === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 23 || minutes > 59) return null;
  return (zone[0] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

/** date-time of RFC 3339 §5.6; its letters may be of either case, a fraction of a second is dropped. */
const DATE_TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/;
