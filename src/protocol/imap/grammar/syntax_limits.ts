/** Ranges of one sequence set (ATTACKS I2): more than a line of 64 KB needs for what clients select by hand. */
export const SET_RANGES_MAX = 10_000;
/** Nested keys of a search: NOT, OR and parentheses. Long chains of OR are as deep as they are long. */
export const SEARCH_DEPTH_MAX = 256;
/** Keys of a search, nested ones among them. */
export const SEARCH_KEYS_MAX = 2_000;
/** Characters of a text to be searched for (ATTACKS I11). */
export const SEARCH_TEXT_CHARACTERS_MAX = 4_096;
/** Flags and keywords of one list. */
export const FLAGS_MAX = 128;
/** Characters of a keyword. */
export const KEYWORD_CHARACTERS_MAX = 128;
/** Data items of one FETCH. */
export const FETCH_ITEMS_MAX = 128;
/** Field names of one HEADER.FIELDS. */
export const HEADER_FIELDS_MAX = 256;
/** Levels of a body part's number (RFC 9051 §6.4.5). */
export const PART_LEVELS_MAX = 64;
/** Characters of a LIST pattern with its reference. */
export const LIST_PATTERN_CHARACTERS_MAX = 1_000;
/** Patterns of one LIST (RFC 5258). */
export const LIST_PATTERNS_MAX = 100;
/** Elements of any other list: mailboxes, entries, URLs, capabilities. */
export const LIST_ELEMENTS_MAX = 1_000;
/** Fields of ID (RFC 2971 §3.3: 30), and their characters. */
export const ID_FIELDS_MAX = 30;
export const ID_NAME_CHARACTERS_MAX = 30;
export const ID_VALUE_CHARACTERS_MAX = 1_024;
/** Messages named by number and UID when a client comes back (RFC 7162 §3.2.5.2); a few dozen are of use. */
export const RESYNC_MATCHES_MAX = 10_000;
/** Characters of the name of a metadata entry. */
export const ENTRY_CHARACTERS_MAX = 256;
/** Characters of an IMAP URL: a mailbox name of 400 octets, each percent-encoded, and a section with its fields, fit. */
export const URL_CHARACTERS_MAX = 8_192;
