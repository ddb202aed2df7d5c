import { type Answer, notYet, tests } from "./attack_answers.ts";

const NO_PICTURES = notYet("parts are indexed and decoded as bytes; no archive is unpacked and no picture drawn");
const NO_READER = notYet("no mail is shown in a browser");
export const MESSAGES: Readonly<Record<string, Answer>> = {
  M1: tests(
    ["mime/structure_test.ts", "parts lie in each other as deep as the limit, and what lies deeper is text"],
    ["mime/structure_test.ts", "a message has as many parts as the limit, and the rest belongs to the last"],
    ["mime/structure_test.ts", "whatever the bytes, parts lie in order within the message and within each other"],
    ["protocol/imap/message_index_test.ts", "the index of the worst header and of the most parts"],
  ),
  M2: tests(
    [
      "mime/structure_test.ts",
      "a boundary line begins with the boundary; of boundaries that begin each other the longest",
    ],
    ["mime/structure_test.ts", "a multipart without a usable boundary is text"],
    ["mime/structure_test.ts", "a boundary of the limit's length is used, a longer one is not"],
    ["mime/structure_test.ts", "what looks like a boundary within a line, or within base64, is none"],
    ["mime/structure_test.ts", "of a hundred open boundaries each ends its own part"],
    ["mime/structure_test.ts", "megabytes of lines that look like one of a hundred boundaries"],
    ["mime/boundary_set_test.ts", "however boundaries come and go, the longest that fits is found"],
    ["e2e/dovecot_index_test.ts", "ENVELOPE, BODY and BODYSTRUCTURE of the corpus are Dovecot's"],
  ),
  M3: tests(
    ["mime/parameters_test.ts", "parameters and pieces are read up to the limit"],
    ["mime/parameters_test.ts", "what stands behind a gap is lost, a piece that comes twice counts once"],
    ["mime/parameters_test.ts", "the text of a parameter is decoded, whatever its charset says"],
  ),
  M4: tests(
    ["mime/address_list_test.ts", "addresses are read up to the limit"],
    ["mime/address_list_test.ts", "long runs of what parts addresses end, each in one list"],
    ["mime/address_list_test.ts", "whatever the field, groups are ended, and nothing throws"],
  ),
  M5: tests(
    ["mime/encoded_word_test.ts", "words behind the limit stay as they are written"],
    ["mime/encoded_word_test.ts", "whatever the text, decoding throws nothing"],
  ),
  M6: tests(
    ["mime/encoded_word_test.ts", "charsets are those of the list of the Web"],
    ["mime/text_test.ts", "whatever the message, text is taken out of it and a preview is made"],
  ),
  M7: NO_PICTURES,
  M8: tests(
    ["protocol/prototype_test.ts", "no inherited name is an SMTP verb, parameter or argument"],
    ["protocol/prototype_test.ts", "inherited names are taken as local parts, senders and header names"],
    ["protocol/prototype_test.ts", "no inherited name is a POP3 command, mechanism or language"],
    ["protocol/imap/message_index_test.ts", "field and parameter names that every object inherits change none"],
    ["suites/mime_corpus_test.ts", "the corpus is indexed and searched, cut off anywhere, and no object gains"],
    ["policy/prototype_test.ts", "inherited names are nobody's until somebody has them"],
    ["policy/prototype_test.ts", "accounts, aliases and domains of inherited names are found, changed and removed"],
    ["runtime/wire_test.ts", "a key that would reach a prototype does not"],
    ["e2e/attacks_content_test.ts", "accounts whose names every object inherits get their own mail"],
    ["e2e/attacks_control_test.ts", "keys that would reach a prototype are refused or mean nothing"],
  ),
  M9: tests(
    ["mail/address_test.ts", "long runs of any character are judged in linear time"],
    ["tidy/regex_test.ts", "no regular expression of the program repeats a repetition"],
    ["protocol/imap/message_index_test.ts", "half a megabyte of any byte in any field is indexed"],
    ["mime/casemap_test.ts", "marks by the hundred thousand are sorted in pieces"],
    ["mime/text_test.ts", "long runs of what HTML is made of are read once"],
    ["mime/thread_facts_test.ts", "of long subjects made of what replies are made of the first characters count"],
    ["e2e/attacks_content_test.ts", "content of megabytes of one byte takes no more of the machine than its size"],
    ["admin/http_reader_work_test.ts", "blanks inside a field of the largest head cost no more than other characters"],
  ),
  M10: tests(
    ["protocol/smtp/content_reader_test.ts", "bytes of any kind in the content stay what they are"],
    ["protocol/pop3/fuzz_test.ts", "what is stuffed in any pieces is unstuffed to the same message"],
    ["e2e/dovecot_index_test.ts", "the sections of all parts of the corpus are, byte for byte"],
    [
      "e2e/attacks_content_test.ts",
      "content of every byte class, megabyte lines included, is handed out byte for byte",
    ],
  ),
  M11: tests(
    ["mime/date_test.ts", "whatever the field, it is no date or one with a number of milliseconds"],
    ["mime/thread_facts_test.ts", "an id of the limit's length is kept, a longer one is none"],
    ["protocol/imap/message_index_test.ts", "ids and references are bounded, dates of no calendar are none"],
  ),
  M12: NO_READER,
};

export const IMAP_AND_POP3: Readonly<Record<string, Answer>> = {
  I1: tests(
    ["protocol/imap/framer_test.ts", "a literal that is too large is refused before the plus"],
    ["protocol/imap/framer_test.ts", "a literal that comes by itself and is too large is thrown away, up to a bound"],
    ["protocol/imap/hostile_test.ts", "announcements of a stranger cost nothing"],
    ["protocol/imap/append_test.ts", "a terabyte that is announced costs nothing"],
  ),
  I2: tests(
    ["protocol/imap/framer_test.ts", "lines and literals of a command are bounded together"],
    ["protocol/imap/sequence_set_test.ts", "a set of ten thousand ranges is taken, one more is not"],
    ["protocol/imap/hostile_test.ts", "commands of many parts are bounded, and the session goes on"],
    ["protocol/imap/grammar_append_test.ts", "no command costs its square"],
    ["protocol/imap/framer_test.ts", "what comes in small chunks is copied a fixed number of times"],
    ["protocol/imap/framer_test.ts", "of a command with many literals nothing is handed on twice before its end"],
    ["protocol/imap/hostile_test.ts", "literals are bounded, each, by their number and all together"],
  ),
  I3: tests(
    ["protocol/imap/grammar_search_test.ts", "searches nested too deep or too long are refused"],
    ["protocol/imap/hostile_test.ts", "a hundred thousand parentheses cost one answer"],
  ),
  I4: tests(
    ["protocol/imap/framer_test.ts", "bare CR, bare LF and NUL cost one reply"],
    ["protocol/imap/grammar_test.ts", "strings that are none are refused"],
  ),
  I5: tests(
    ["protocol/imap/hostile_test.ts", "tags that are none are not sent back"],
    ["protocol/imap/login_test.ts", "a browser is sent away at its first line"],
    ["protocol/imap/login_test.ts", "three commands that make no sense send a stranger away, twenty a user"],
  ),
  I6: tests(
    ["protocol/imap/mailbox_name_codec_test.ts", "each name has one spelling only"],
    ["protocol/imap/mailboxes_test.ts", "names that no mailbox may have are refused, whatever is done with them"],
    ["protocol/imap/mailboxes_test.ts", "inherited names are ordinary names"],
  ),
  I7: tests([
    "protocol/imap/list_match_test.ts",
    "hostile patterns cost no more than a long name times a long pattern",
  ]),
  I8: tests(
    [
      "protocol/imap/append_test.ts",
      "a message of the limit's size is taken, one byte more is refused before it is sent",
    ],
    ["protocol/imap/append_test.ts", "a terabyte that is announced costs nothing"],
  ),
  I9: tests(
    ["protocol/imap/append_test.ts", "a refused message that comes all the same is never read as a command"],
    ["protocol/imap/framer_test.ts", "after a bad flag or date in APPEND the bytes of the message are never read"],
  ),
  I10: tests(
    ["protocol/imap/hostile_test.ts", "ranges over all numbers are as cheap as short ones"],
    ["protocol/imap/grammar_fetch_test.ts", "items and sections that are none are refused"],
    ["protocol/imap/grammar_test.ts", "sets that are none are refused"],
  ),
  I11: tests(
    ["protocol/imap/grammar_search_test.ts", "searches nested too deep or too long are refused"],
    ["protocol/imap/sort_test.ts", "messages up to the limit are put in order, one more is refused"],
    ["storage/text/fuzzy_test.ts", "long texts of every kind take time that grows with their length"],
    ["actors/mailbox/search_test.ts", "a search may have 64 words that are matched with tolerance"],
    ["actors/mailbox/updates_test.ts", "searches of one view are bounded, and one that is cancelled makes room"],
    ["actors/mailbox/updates_test.ts", "what searches of a view and of an account hold is bounded in bytes"],
    ["protocol/imap/filters_test.ts", "filters that would become too many keys are refused before they are made"],
    ["protocol/imap/multi_search_test.ts", "of 1,000 mailboxes all are searched, of one more none is"],
    [
      "e2e/imap_searches_test.ts",
      "thousands of updates, filters within filters and long searches cost a client",
    ],
    [
      "mime/threads_test.ts",
      "a hundred thousand messages in one line, in any order, cost little more than their number",
    ],
  ),
  I12: tests(
    ["net/deflate_test.ts", "a bomb inflates piece by piece, and not at all while nobody takes it"],
    ["net/deflate_test.ts", "a peer that sends on while nothing is taken is cut off"],
    ["e2e/imap_sessions_test.ts", "COMPRESS=DEFLATE deflates both directions, and its farewell"],
  ),
  I13: tests(
    ["protocol/imap/hostile_test.ts", "junk in IDLE ends it, and an idle session holds nothing"],
    ["actors/mailbox/watches_test.ts", "however much happens to a mailbox, a watch tells it once"],
    ["actors/mailbox/watches_test.ts", "more than a watch may keep ends it, and it says so once"],
    ["e2e/imap_notify_test.ts", "a flood of mail is told in a few lines to each session that watches"],
    ["e2e/imap_idle_test.ts", "clients in IDLE are told of each mail to them, and of no other"],
  ),
  I14: tests(
    ["e2e/resources_test.ts", "clients that ask for a big message and never read it"],
    ["protocol/imap/fetch_test.ts", "a slow reader is waited for: no more than the limits lies about"],
    ["protocol/imap/hostile_test.ts", "of answers no more is made at once than a client is given time to read"],
    ["actors/listener/pressure_test.ts", "of a client that does not read nothing is read"],
  ),
  I15: tests(
    ["protocol/imap/selected_test.ts", "removals by others are told by NOOP, and not while messages are counted"],
    ["protocol/imap/fetch_test.ts", "a message that others removed meanwhile is left out, and the end says so"],
    ["protocol/imap/store_test.ts", "messages that others removed are not changed"],
    ["protocol/imap/selected_test.ts", "a mailbox that others remove sends the session away"],
  ),
  I16: tests(
    ["storage/contract.ts", "a UID is never used again"],
    ["storage/kill_test.ts", "the store has every acknowledged message once"],
    ["e2e/attacks_machine_test.ts", "whatever the clock says, sessions, locks and mail go on"],
  ),
  I17: tests(
    [
      "protocol/imap/login_test.ts",
      "refused logins wait longer each time, say the same, and the third ends the session",
    ],
    ["protocol/imap/hostile_test.ts", "an exchange ends at a line that is too long, or no base64"],
    ["protocol/pop3/login_test.ts", "AUTH PLAIN with bad UTF-8, with NUL in the wrong places"],
    ["protocol/pop3/login_test.ts", "AUTH can be cancelled, and wrong answers end the exchange"],
    ["protocol/pop3/login_test.ts", "refused logins wait longer each time and the third ends the session"],
    ["protocol/pop3/framing_test.ts", "credentials of 12,288 octets are read, one more ends the session"],
    ["protocol/pop3/scram_test.ts", "a message of an earlier exchange is refused: the nonce is another"],
    ["protocol/sasl/scram_test.ts", "a wrong password, a foreign nonce and an old message again are refused"],
    ["protocol/sasl/scram_test.ts", "no bytes make an exchange throw or end well without the right proof"],
    ["protocol/sasl/plain_test.ts", "PLAIN takes fields of 1,024 octets and no longer ones"],
  ),
  I18: tests(
    ["protocol/pop3/session_test.ts", "message numbers are strict"],
    ["e2e/pop3_semantics_test.ts", "a maildrop that one session has open is refused to a second with [IN-USE]"],
    ["e2e/pop3_semantics_test.ts", "a connection that drops deletes nothing and frees the maildrop"],
    ["e2e/attacks_content_test.ts", "wrong numbers, a second DELE, a deleted message and PASS first are refused"],
  ),
  I19: tests(
    ["actors/mailbox/shared_test.ts", "each right lets do what it is for, and nothing else"],
    [
      "actors/mailbox/shared_test.ts",
      "rights are those of now: what is revoked while a mailbox is selected is gone at once",
    ],
    ["actors/mailbox/shared_test.ts", "a search that is under way ends when its reader may not read any more"],
    ["actors/mailbox/shared_test.ts", "who gets an address that another account had gets nothing with it"],
    [
      "actors/mailbox/rights_model_test.ts",
      "whatever rights are given and taken, each account may do what a plain table says",
    ],
    [
      "protocol/imap/acl_test.ts",
      "a right that goes while the session does not know it yet spoils neither FETCH nor CLOSE",
    ],
    [
      "e2e/imap_shared_test.ts",
      "who waits in a shared mailbox hears of mail, and is sent away when it is not shared with him",
    ],
  ),
  I20: tests(
    ["actors/mailbox/shared_test.ts", "a mailbox that may not be looked up is answered for as one that is not there"],
    [
      "actors/mailbox/shared_test.ts",
      "an access list survives the actor, and one of another domain of the shard is not seen",
    ],
    ["protocol/imap/acl_test.ts", "to whom nothing is given, a mailbox is not there (I20)"],
    [
      "protocol/imap/multi_search_test.ts",
      "mailboxes that may not be read, or are gone, are passed over as if there were",
    ],
    ["e2e/imap_searches_test.ts", "many mailboxes are searched by one command, those of others as long as they may be"],
    [
      "e2e/imap_shared_test.ts",
      "what one account shares another lists, reads, marks and fills, and accounts beyond the domain",
    ],
  ),
};
