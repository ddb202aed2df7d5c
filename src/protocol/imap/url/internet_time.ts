const MINUTE_MS = 60_000;
const DATE_TIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,9})?(?:Z|([+-])([0-9]{2}):([0-9]{2}))$/i;

/** date-time (RFC 3339 §5.6): ms since 1970 UTC, whole seconds; null when it is none, or there is no such day or time. */
export function parseInternetTime(text: string): number | null {
  const match = DATE_TIME.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, sign, zoneHours = "0", zoneMinutes = "0"] = match;
  const date = new Date(0);
  // Not `Date.UTC`, to which the year 99 is 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  // A leap second is taken for the one before the next minute.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return null;
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === "-" ? -1 : 1);
  return date.getTime() + (Number(hour) * 60 + Number(minute) - zone) * MINUTE_MS +
    Math.min(59, Number(second)) * 1_000;
}
