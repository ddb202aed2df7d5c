import type { Reader } from "./reader.ts";

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const MINUTE_MS = 60_000;
const DATE = /^"?([0-9]{1,2})-([a-z]{3})-([0-9]{4})"?/i;
const DATE_TIME = /^"([ 0-9][0-9])-([a-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"/i;
/** Characters of the longest date, with its quotes. */
const DATE_CHARACTERS_MAX = 13;
const DATE_TIME_CHARACTERS = 28;

/** date = date-text / DQUOTE date-text DQUOTE: ms since 1970 of its midnight, UTC. */
export function readDate(reader: Reader): number {
  const text = reader.text.slice(reader.at, reader.at + DATE_CHARACTERS_MAX);
  const match = DATE.exec(text);
  const dayMs = match === null ? null : midnight(match[1]!, match[2]!, match[3]!);
  if (match === null || dayMs === null || (text[0] === '"') !== match[0].endsWith('"')) {
    reader.fail("Not a date");
    return 0;
  }
  reader.cut(reader.at + match[0].length);
  return dayMs;
}

/** date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE: ms since 1970 UTC. */
export function readDateTime(reader: Reader): number {
  const match = DATE_TIME.exec(reader.text.slice(reader.at, reader.at + DATE_TIME_CHARACTERS));
  const ms = match === null ? null : instant(match);
  if (ms === null) {
    reader.fail("Not a date and time");
    return 0;
  }
  reader.cut(reader.at + DATE_TIME_CHARACTERS);
  return ms;
}

function instant(match: RegExpExecArray): number | null {
  const [, day, month, year, hour, minute, second, sign, zoneHours, zoneMinutes] = match;
  const dayMs = midnight(day!.trim(), month!, year!);
  // A leap second is taken for the one before the next minute.
  if (dayMs === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  if (Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return null;
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === "-" ? -1 : 1);
  const seconds = Math.min(59, Number(second));
  return dayMs + (Number(hour) * 60 + Number(minute) - zone) * MINUTE_MS + seconds * 1_000;
}

/** ms since 1970 of the day's midnight, UTC; null when there is no such day. */
function midnight(day: string, month: string, year: string): number | null {
  const index = MONTHS.indexOf(month.toUpperCase());
  if (index < 0) return null;
  const date = new Date(0);
  // Not `Date.UTC`, to which the year 99 is 1999.
  date.setUTCFullYear(Number(year), index, Number(day));
  return date.getUTCMonth() === index && date.getUTCDate() === Number(day) ? date.getTime() : null;
}
