const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** date-time in UTC (RFC 5322 §3.3). */
export function formatDate(wallMs: number): string {
  const date = new Date(wallMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${day} ${year} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** Characters of a Date field that are read. */
const DATE_CHARS_MAX = 256;

/** Minutes east of UTC (RFC 5322 §4.3); the letters of the military are all -0000. */
const ZONES: ReadonlyMap<string, number> = new Map([
  ["UT", 0],
  ["GMT", 0],
  ["UTC", 0],
  ["EST", -300],
  ["EDT", -240],
  ["CST", -360],
  ["CDT", -300],
  ["MST", -420],
  ["MDT", -360],
  ["PST", -480],
  ["PDT", -420],
]);

const MONTH_NUMBERS: ReadonlyMap<string, number> = new Map(MONTHS.map((name, index) => [name.toLowerCase(), index]));

/**
 * ms since 1970 UTC of a Date field (RFC 5322 §3.3, obsolete forms of §4.3 too), from what stands behind the colon; null when there is
 * no valid date in it. As RFC 5256 §2.2 has it: without a valid time it is midnight, without a valid zone UTC.
 */
export function parseDate(field: string): number | null {
  const words = dateWords(field.length > DATE_CHARS_MAX ? field.slice(0, DATE_CHARS_MAX) : field);
  const day = dayOf(words);
  if (day === null) return null;
  const clock = timeOf(words, day.next);
  const zone = clock === null ? 0 : zoneOf(words[clock.next] ?? "");
  return day.midnightMs + (clock?.ms ?? 0) - zone * 60_000;
}

/** day month year, and which word follows; null when there is no such day. */
function dayOf(words: readonly string[]): { readonly midnightMs: number; readonly next: number } | null {
  const first = words.findIndex((word) => /^[0-9]{1,2}$/.test(word));
  if (first < 0) return null;
  const day = Number(words[first]);
  const month = MONTH_NUMBERS.get((words[first + 1] ?? "").slice(0, 3).toLowerCase());
  const year = yearOf(words[first + 2] ?? "");
  if (month === undefined || year === null || day < 1 || day > daysIn(year, month)) return null;
  return { midnightMs: new Date(0).setUTCFullYear(year, month, day), next: first + 3 };
}

/** The day that a Date field names, ms since 1970 of its midnight, as it is written: time and zone are disregarded (RFC 9051 §6.4.4). */
export function parseDay(field: string): number | null {
  const words = dateWords(field.length > DATE_CHARS_MAX ? field.slice(0, DATE_CHARS_MAX) : field);
  return dayOf(words)?.midnightMs ?? null;
}

/** The words of a date: blanks, commas, folds and dashes between its parts, and comments part them. */
function dateWords(text: string): string[] {
  const words: string[] = [];
  let depth = 0;
  let start = -1;
  for (let at = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : SPACE;
    const parts = depth > 0 || code <= SPACE || code === COMMA || code === OPEN ||
      (code === DASH && start >= 0 && words.length < 4);
    if (!parts) {
      if (start < 0) start = at;
    } else if (start >= 0) {
      words.push(text.slice(start, at));
      start = -1;
    }
    if (code === OPEN) depth++;
    else if (code === CLOSE && depth > 0) depth--;
    else if (code === BACKSLASH && depth > 0) at++;
  }
  return words;
}

/** RFC 5322 §4.3: of two digits below 50 it is a year of this century, of three or other two one of the last. */
function yearOf(word: string): number | null {
  if (!/^[0-9]{2,4}$/.test(word)) return null;
  const year = Number(word);
  if (word.length === 4) return year < 1 ? null : year;
  return word.length === 2 && year < 50 ? 2000 + year : 1900 + year;
}

function daysIn(year: number, month: number): number {
  return new Date(new Date(0).setUTCFullYear(year, month + 1, 0)).getUTCDate();
}

/** hour ":" minute [ ":" second ], blanks around the colons let through; and which word follows. Null when it is none. */
function timeOf(words: readonly string[], at: number): { readonly ms: number; readonly next: number } | null {
  let text = words[at] ?? "";
  let next = at + 1;
  while (next < words.length && (text.endsWith(":") || words[next]!.startsWith(":"))) text += words[next++]!;
  const match = /^([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?$/.exec(text);
  if (match === null) return null;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 60) return null;
  return { ms: ((hour * 60 + minute) * 60 + second) * 1_000, next };
}

/** zone = (( "+" / "-" ) 4DIGIT) / obs-zone, in minutes; 0 for one that is not valid. */
function zoneOf(word: string): number {
  const match = /^([+-])([0-9]{2})([0-5][0-9])$/.exec(word);
  if (match === null) return ZONES.get(word.toUpperCase()) ?? 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === "-" ? -minutes : minutes;
}

const SPACE = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;
const DASH = 0x2d;
const BACKSLASH = 0x5c;
