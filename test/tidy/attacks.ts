/** A test by its file, below `test/`, and a part of its name. */
export interface AttackTest {
  readonly file: string;
  readonly name: string;
}

/** What answers a row of ../shared/ATTACKS.md: tests that fail when the protection is gone, or why it cannot be met yet. */
export type Answer = readonly AttackTest[] | { readonly notYet: string };

function tests(...pairs: readonly (readonly [file: string, name: string])[]): Answer {
  return pairs.map(([file, name]) => ({ file, name }));
}

function notYet(why: string): Answer {
  return { notYet: why };
}

function rows(letter: string, from: number, to: number, answer: Answer): Record<string, Answer> {
  return Object.fromEntries(Array.from({ length: to - from + 1 }, (_, i) => [`${letter}${from + i}`, answer]));
}

const NO_MIME = notYet("messages are kept and handed out as bytes; nothing parses MIME, lists or threads them");
const NO_IMAP = notYet("IMAP is not spoken");
const NO_WEB = notYet("no HTTP is served but the control socket's");

const SMTP: Readonly<Record<string, Answer>> = {
  S1: tests(
    ["protocol/smtp/smuggling_test.ts", "no false end of data lets a second message in"],
    ["protocol/smtp/smuggling_test.ts", "after a bare CR or LF in the content nothing more is read"],
    ["protocol/smtp/chunking_test.ts", "text that comes by BDAT has the line ends of DATA, or is refused"],
    ["e2e/smuggling_test.ts", "only CRLF.CRLF ends a message"],
    ["e2e/smuggling_test.ts", "the same bytes one by one give the same result"],
  ),
  S2: tests(
    ["protocol/smtp/client/content_test.ts", "a lone CR or LF is seen wherever the pieces are cut"],
    ["protocol/smtp/client/content_test.ts", "what is stuffed in any pieces is unstuffed to the same content"],
    ["actors/delivery/verdicts_test.ts", "a mail that the host cannot take is not sent to it"],
    ["actors/delivery/accepts_test.ts", "no address and no parameter can add a command"],
    ["e2e/smuggling_out_test.ts", "what users hand in leaves as one mail, and without a CR or LF of its own"],
    ["e2e/smuggling_out_test.ts", "a mail of any octets is not given to a host that reads lines"],
  ),
  S3: tests(
    ["protocol/smtp/conversation_test.ts", "STARTTLS forgets what was said before, and what was sent behind it"],
    ["protocol/pop3/stls_test.ts", "what is pipelined behind STLS in plaintext is never run"],
    ["net/tls_test.ts", "a command in the packet of STARTTLS is not carried over into the secured session"],
    ["e2e/smuggling_test.ts", "commands behind STARTTLS or STLS in the same packet are never run"],
  ),
  S4: tests(
    [
      "protocol/smtp/client/extensions_test.ts",
      "STARTTLS forgets what the server said before, and what it, or another",
    ],
    ["actors/delivery/tls_test.ts", "a mail that requires TLS is not sent where TLS is broken, missing, unproven"],
    ["actors/delivery/policies_test.ts", "under an enforced policy nothing goes to a host that is unproven, misnamed"],
    ["actors/delivery/policies_test.ts", "where the DNS names another certificate nothing is sent"],
    ["actors/delivery/policies_test.ts", "a policy that cannot be had binds nobody, one that was had goes on to bind"],
    ["actors/delivery/tls_test.ts", "what somebody says in the clear behind the 220 to STARTTLS is not taken"],
    ["actors/delivery/tls_test.ts", "a host that answers before it is asked has taken nothing"],
    ["actors/delivery/policy_restart_test.ts", "a policy goes on to bind after a restart"],
    ["e2e/dane_test.ts", "over signed zones mail goes to the server that the DNS names, or waits"],
  ),
  S5: tests(
    ["protocol/smtp/conversation_test.ts", "STARTTLS forgets what was said before, and what was sent behind it"],
    ["protocol/smtp/conversation_test.ts", "commands that take no argument refuse one with 501"],
    ["protocol/smtp/auth_test.ts", "a login in the clear is forgotten by STARTTLS"],
  ),
  // By default the banner is not held back: what early talkers say is framed, counted and answered in order.
  S6: tests(
    ["e2e/attacks_smtp_test.ts", "what is sent before the banner is answered behind it"],
    ["protocol/smtp/early_talker_test.ts", "who speaks before the greeting is sent away, and nothing it said is run"],
  ),
  S7: tests(["protocol/smtp/conversation_test.ts", "commands out of order get 503"]),
  S8: tests(
    ["protocol/smtp/conversation_test.ts", "a browser's verb ends the session at once"],
    ["e2e/smuggling_test.ts", "a browser that is made to post to the mail port is sent away at its first line"],
    ["e2e/attacks_smtp_test.ts", "a web page that posts to the POP3 port is sent away at its first line"],
  ),
  S9: tests(
    ["protocol/smtp/framer_test.ts", "a line of a megabyte costs two kilobytes and is not echoed"],
    ["e2e/floods_test.ts", "a command line of a megabyte is answered once"],
    ["e2e/floods_test.ts", "lines without an end cost no memory"],
  ),
  S10: tests(
    ["protocol/smtp/limits_test.ts", "1,100 recipients: 1,000 are taken and 100 told to come again"],
    ["protocol/smtp/limits_test.ts", "30 bad commands end by 421 after 20"],
    ["protocol/smtp/limits_test.ts", "errors beyond the free ones are followed by growing pauses"],
    ["protocol/smtp/limits_test.ts", "200 pipelined commands are all answered, in order"],
    ["e2e/floods_test.ts", "ten thousand commands that move no mail end with 421"],
    ["e2e/floods_test.ts", "recipients beyond the limit get 452 4.5.3"],
  ),
  S11: tests(
    ["protocol/smtp/framer_test.ts", "a bad line costs one reply, and its rest is never read as a command"],
    ["protocol/smtp/conversation_test.ts", "SMTPUTF8 lets UTF-8 into addresses, and only with it"],
  ),
  S12: tests(
    ["protocol/smtp/commands_test.ts", "a sender is a mailbox or nobody, and never a command for a shell"],
    ["protocol/smtp/trace_test.ts", "nothing a client says adds a line or a field"],
  ),
  S13: tests(
    ["protocol/smtp/commands_test.ts", "every relay form comes through as a plain address for the router to judge"],
    ["policy/routing_table_test.ts", "no mail is passed on for ${form}"],
    ["e2e/routing_test.ts", "no form of address makes the server pass mail on to strangers"],
  ),
  S14: tests([
    "protocol/smtp/commands_test.ts",
    "a recipient without a name, a domain or within the lengths is refused",
  ]),
  S15: tests(
    ["protocol/smtp/commands_test.ts", "MAIL takes the parameters that EHLO announces, and no others"],
    ["protocol/smtp/dsn_test.ts", "a bad RET or ENVID is answered by 501"],
    ["protocol/smtp/dsn_test.ts", "a bad NOTIFY or ORCPT is answered by 501, and NEVER stands alone"],
  ),
  S16: tests(
    ["protocol/smtp/content_reader_test.ts", "content of the limit's size is taken, one byte more is refused"],
    ["protocol/smtp/limits_test.ts", "a message over the size limit is swallowed to its end, refused"],
    ["protocol/smtp/limits_test.ts", "a message that is too big and never ends is cut off"],
    ["e2e/floods_test.ts", "a message over the size limit gets 552 5.3.4"],
    ["actors/listener/memory_budget_test.ts", "sessions may hold together what the limit says, and not one byte more"],
  ),
  S17: tests(
    ["protocol/smtp/content_reader_test.ts", "a header of the limit's bytes or lines is taken, one more is refused"],
    ["protocol/smtp/limits_test.ts", "a huge header costs linear time and is refused"],
  ),
  S18: tests(["protocol/smtp/content_reader_test.ts", "more Received fields than the limit are a mail loop"]),
  S19: tests(
    ["e2e/routing_test.ts", "unknown users, loops and disabled accounts are refused in the session"],
    ["actors/queue/queue_test.ts", "and nobody is told of a report that is refused"],
    [
      "actors/queue/queue_test.ts",
      "a report on mail that was forwarded under an address of ours goes to its first sender",
    ],
  ),
  S20: tests(
    [
      "protocol/smtp/chunking_test.ts",
      "a BDAT whose end cannot be seen ends the session, and nothing behind it is run",
    ],
    ["protocol/smtp/chunking_test.ts", "a refused chunk is read to its last octet before the answer"],
    ["protocol/smtp/chunking_test.ts", "a message may be empty, and may be taken with BDAT 0 LAST"],
    ["protocol/smtp/chunking_test.ts", "BDAT and DATA do not mix in one transaction"],
    ["protocol/smtp/chunking_test.ts", "the octets of a chunk are never commands"],
  ),
  S21: tests(
    ["protocol/smtp/conversation_test.ts", "AUTH is neither offered nor known"],
    ["protocol/smtp/auth_test.ts", "without TLS a login is neither offered nor taken"],
    ["protocol/smtp/auth_test.ts", "a login in the clear is forgotten by STARTTLS"],
    ["protocol/smtp/auth_test.ts", "AUTH comes after EHLO, once, and not inside a transaction"],
    ["protocol/smtp/auth_test.ts", "ends at * or at what is not base64"],
    ["protocol/smtp/auth_test.ts", "AUTH lines of 12,288 octets are read, one more is refused"],
    ["protocol/smtp/auth_test.ts", "a megabyte of response ends the session or the exchange and is not kept"],
    ["protocol/smtp/auth_fuzz_test.ts", "no bytes, however cut, log in or move mail without the right password"],
    ["protocol/pop3/login_test.ts", "AUTH can be cancelled, and wrong answers end the exchange"],
    ["protocol/pop3/framing_test.ts", "credentials of 12,288 octets are read, one more ends the session"],
  ),
  S22: tests(
    ["actors/login_test.ts", "a wrong password, an unknown user and a disabled one get the same answer"],
    ["actors/login_test.ts", "an address that guesses waits longer and longer, though it opens many connections"],
    ["actors/login_test.ts", "an account that is attacked from everywhere is never locked"],
    ["actors/login_test.ts", "one address has at most eight attempts under way"],
    ["actors/scram_test.ts", "wrong proofs make an address wait like wrong passwords, and count together with them"],
    ["actors/tokens_test.ts", "guessed tokens make an address wait like guessed passwords"],
    ["protocol/smtp/auth_test.ts", "refused logins wait longer each time, and the third ends the session"],
    ["e2e/submission_test.ts", "guessing is told nothing and ends soon, and the right user still gets in"],
    ["e2e/attacks_smtp_test.ts", "a wrong password and an unknown name are told the same, few end the session"],
    ["actors/bans_test.ts", "an address that fails to log in too often is banned for a time"],
    ["actors/bans_test.ts", "guessing at an account from everywhere bans the guessers, never the account"],
    ["e2e/protection_test.ts", "an address that guesses passwords is banned for a time"],
  ),
  S23: tests(
    ["protocol/smtp/conversation_test.ts", "names are not given away by VRFY and EXPN"],
    ["protocol/smtp/limits_test.ts", "guessing names ends the session"],
    ["actors/login_test.ts", "and an unknown user takes as long"],
    ["actors/scram_test.ts", "a wrong password, an unknown user and a disabled one get the same answer"],
    ["actors/scram_test.ts", "an unknown user has a salt like any other"],
    ["e2e/attacks_smtp_test.ts", "names cannot be found out: VRFY and EXPN say the same of all"],
  ),
  S24: tests(
    ["actors/listener/session_deadlines_test.ts", "a command's deadline runs on while single bytes of it come in"],
    ["actors/listener/session_deadlines_test.ts", "must keep the minimal rate after the grace"],
    ["net/connection_test.ts", "a peer that takes nothing for writeMsMax is destroyed"],
    ["e2e/floods_test.ts", "clients that dawdle are cut off"],
    ["e2e/resources_test.ts", "clients that ask for a big message and never read it"],
  ),
  S25: tests(
    ["net/listen_test.ts", "connectionsMax are served, one more is told so and closed"],
    ["net/listen_test.ts", "perAddressMax are served, one more is told so and closed"],
    ["net/processes_test.ts", "a server out of file descriptors serves on"],
    ["e2e/resources_test.ts", "without free file descriptors open sessions go on"],
    ["e2e/attacks_smtp_test.ts", "connection more than allowed is refused in words"],
    ["actors/listener/admission_test.ts", "connections of an address are admitted up to the rate"],
    ["e2e/protection_test.ts", "an address that takes too much is told to come again"],
    ["e2e/protection_test.ts", "a ban ends the sessions of an address and keeps it out"],
  ),
  S26: tests(
    ["protocol/smtp/client/reply_reader_test.ts", "a reply may be as long as the limits say, and no longer"],
    ["protocol/smtp/client/reply_reader_test.ts", "a reply that never ends, in one line or in many"],
    [
      "protocol/smtp/client/reply_reader_test.ts",
      "the text of a reply is one printable line, whatever the server put into",
    ],
    ["actors/delivery/verdicts_test.ts", "a reply that never ends, or is no reply, costs little and defers the mail"],
    [
      "actors/delivery/deadlines_test.ts",
      "each reply of a pipelined group has its own time, and pieces of one win none",
    ],
  ),
  S27: tests(
    ["actors/delivery/hosts_test.ts", "an address that mail must not be sent to is not connected to"],
    ["actors/delivery/hosts_test.ts", "ten thousand hosts of a destination cost no more than the limits"],
    ["actors/delivery/hosts_test.ts", "what the DNS says of hosts is honoured: no such domain, null MX"],
    ["policy/mx_test.ts", "where we are a host ourselves, only those ahead of us are tried"],
    ["policy/mx_test.ts", "a domain that does not exist, and one with a null MX, are failures for good"],
    ["policy/mx_test.ts", "of ten thousand hosts the best twenty are tried, whatever else is listed"],
    ["policy/target_test.ts", "mail is sent to addresses of the Internet, to others only where it is allowed"],
    ["policy/target_test.ts", "no mail is sent to our own addresses, whatever form they come in"],
    ["net/dns/resolver_test.ts", "aliases that lead round in a circle, or on and on, fail in few questions"],
    ["net/dns/hostile_test.ts", "as many records as the limit are taken, one more is refused"],
    ["net/https_get_test.ts", "an address that is forbidden is not connected to, whatever its name"],
    ["net/https_get_test.ts", "redirects are not followed, and only 200 with the right type is an answer"],
    ["net/https_get_test.ts", "a host that cannot prove its name gets no request"],
    ["net/https_get_test.ts", "a body without an end is cut off where it is too much"],
    ["net/https_get_test.ts", "whoever dawdles, or breaks off, is given up"],
    ["actors/delivery/hostile_policy_test.ts", "gives no policy, and ends none that was had"],
  ),
  S28: notYet("there is neither webmail nor JMAP: no text of a user becomes a header"),
  S29: tests(
    ["policy/dkim/verify_test.ts", "of a thousand signatures ten are looked at"],
    ["policy/dkim/verify_test.ts", "ten megabytes with ten signatures, each with its own l="],
    ["policy/dkim/verify_test.ts", "RSA keys of 1,024 to 4,096 bits are believed"],
    ["policy/dkim/verify_test.ts", "what l= leaves unsigned may be changed, and is reported"],
    ["policy/spf/limits_test.ts", "ten terms may ask the DNS, the eleventh is a permanent error"],
    ["policy/spf/limits_test.ts", "two lookups may bring nothing, the third is a permanent error"],
    ["policy/spf/limits_test.ts", "a record of the limit's length is read, a longer one is a permanent error"],
    ["policy/dmarc/evaluate_test.ts", "the walk goes up the tree, eight questions at most"],
    ["policy/sender/bounded_resolver_test.ts", "three questions are asked, the fourth is a temporary failure"],
    ["policy/sender/hostile_test.ts", "ten signatures of a thousand names each over the longest header"],
    ["policy/sender/hostile_test.ts", "whatever a message and its envelope are, there is a verdict"],
    ["actors/policy/policy_test.ts", "when the DNS does not answer, a check ends at its deadline"],
  ),
  S30: tests(
    ["policy/dmarc/author_test.ts", "a From field that two readers may read in two ways is malformed"],
    ["policy/dmarc/author_test.ts", "two From fields are told apart from one"],
    ["policy/dmarc/evaluate_test.ts", "several authors are judged each and the strictest decision holds"],
    ["policy/sender/check_test.ts", "more than one From, none or a malformed one is rejected whatever passes"],
    ["policy/sender/check_test.ts", "of two authors both must let a mail through"],
    ["e2e/dkim_test.ts", "nobody gets our signature under another's name"],
  ),
  S31: tests(
    ["mail/domain_test.ts", "a domain is kept as lower-case A-labels, and shown as U-labels"],
    ["mail/address_test.ts", "one name has one key, whatever its case and composition"],
  ),
};

const MESSAGES: Readonly<Record<string, Answer>> = {
  ...rows("M", 1, 7, NO_MIME),
  M8: tests(
    ["protocol/prototype_test.ts", "no inherited name is an SMTP verb, parameter or argument"],
    ["protocol/prototype_test.ts", "inherited names are taken as local parts, senders and header names"],
    ["protocol/prototype_test.ts", "no inherited name is a POP3 command, mechanism or language"],
    ["policy/prototype_test.ts", "inherited names are nobody's until somebody has them"],
    ["policy/prototype_test.ts", "accounts, aliases and domains of inherited names are found, changed and removed"],
    ["runtime/wire_test.ts", "a key that would reach a prototype does not"],
    ["e2e/attacks_content_test.ts", "accounts whose names every object inherits get their own mail"],
    ["e2e/attacks_control_test.ts", "keys that would reach a prototype are refused or mean nothing"],
  ),
  M9: tests(
    ["mail/address_test.ts", "long runs of any character are judged in linear time"],
    ["tidy/regex_test.ts", "no regular expression of the program repeats a repetition"],
    ["e2e/attacks_content_test.ts", "content of megabytes of one byte takes no more of the machine than its size"],
    ["admin/http_reader_work_test.ts", "blanks inside a field of the largest head cost no more than other characters"],
  ),
  M10: tests(
    ["protocol/smtp/content_reader_test.ts", "bytes of any kind in the content stay what they are"],
    ["protocol/pop3/fuzz_test.ts", "what is stuffed in any pieces is unstuffed to the same message"],
    [
      "e2e/attacks_content_test.ts",
      "content of every byte class, megabyte lines included, is handed out byte for byte",
    ],
  ),
  M11: NO_MIME,
  M12: NO_MIME,
};

const IMAP_AND_POP3: Readonly<Record<string, Answer>> = {
  ...rows("I", 1, 20, NO_IMAP),
  I14: tests(["e2e/resources_test.ts", "clients that ask for a big message and never read it"]),
  I16: tests(
    ["storage/contract.ts", "a UID is never used again"],
    ["storage/kill_test.ts", "the store has every acknowledged message once"],
    ["e2e/attacks_machine_test.ts", "whatever the clock says, sessions, locks and mail go on"],
  ),
  I17: tests(
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
};

const CONTROL: Readonly<Record<string, Answer>> = {
  ...rows("W", 1, 12, NO_WEB),
  A1: tests(
    ["net/unix_test.ts", "whatever else lies in the place of the socket is left alone and refused"],
    ["net/unix_test.ts", "a directory that is open to others, or a link to one, is refused"],
    ["net/unix_test.ts", "a live server keeps its socket, a dead one's is replaced"],
    ["e2e/attacks_control_test.ts", "a link or a file in the place of the control socket is refused by name"],
    ["e2e/attacks_control_test.ts", "a data directory that others may enter or write is refused"],
    ["e2e/attacks_control_test.ts", "another user cannot reach the control socket, nor offer a directory of his own"],
    ["e2e/full_disk_test.ts", "a second server on the same data directory ends with an error"],
  ),
  A2: tests(
    ["admin/control_session_test.ts", "a line of 1 MiB is read; one byte more is refused"],
    ["admin/control_session_test.ts", "a client that half-closes is answered in full"],
    ["e2e/attacks_control_test.ts", "a line without an end, 64 MiB of it, gets one error and the end"],
    ["admin/http_reader_work_test.ts", "a body that comes byte by byte costs work by its size, not by its square"],
  ),
  L1: tests(
    ["base/log_test.ts", "nothing a stranger sends ends a line or reaches a terminal as a control"],
    ["e2e/attacks_log_test.ts", "the log of a run under attack is JSON by the line"],
  ),
  L2: tests(
    ["actors/login_test.ts", "argon2id: a login works, its hash has our parameters"],
    ["actors/login_test.ts", "few checks run at a time, few wait, the rest are told to come back"],
    ["actors/login_test.ts", "a hash of old parameters is renewed at the next login"],
    ["actors/login_test.ts", "no password, right or wrong, reaches the log or the snapshot"],
    ["e2e/attacks_log_test.ts", "the data directory holds argon2id hashes and no password"],
  ),
};

const MACHINE: Readonly<Record<string, Answer>> = {
  R1: tests(
    ["runtime/wire_test.ts", "nesting is refused beyond its limit without recursion"],
    ["runtime/wire_test.ts", "lengths that promise more than there is are refused before anything is built"],
    ["runtime/wire_test.ts", "extension types are refused, but the one for undefined"],
    ["runtime/wire_fuzz_test.ts", "any bytes decode to a batch or to a Failure"],
    ["runtime/port_garbage_test.ts", "garbage on a real MessagePort of every kind is refused"],
    ["actors/accepts_test.ts", "whatever another worker asks, no actor crashes"],
  ),
  R2: tests(
    ["runtime/supervisor_test.ts", "fails its askers with down, harms nobody and is back within 3 s"],
    ["runtime/stack_overflow_test.ts", "an actor whose stack overflows fails its asker with down"],
    ["e2e/workers_test.ts", "may throw, reject, hang, exit or be terminated under load"],
    ["e2e/workers_test.ts", "an exhausted heap ends the process with an error; nothing acknowledged is lost"],
  ),
  R3: tests(
    ["storage/disk_test.ts", "deliveries are refused below the reserve; reading, flags, deleting"],
    ["storage/disk_test.ts", "when the device is full, what deletes in the same group is done all the same"],
    ["storage/read_only_test.ts", "on a device that turns read-only nothing is acknowledged"],
    ["storage/queue/disk_test.ts", "mail is refused below the reserve; reading, changing and known opIds go on"],
    ["e2e/full_disk_test.ts", "mail gets 452 4.3.1, reads go on, and deleting makes room again"],
    ["e2e/quota_test.ts", "a mail that would overfill a mailbox gets 452 4.2.2"],
  ),
  R4: tests(
    ["storage/disk_test.ts", "after a failed flush nothing is acknowledged until the pause is over"],
    ["storage/crash_test.ts", "the same on a disk where one step in twenty fails with an I/O error"],
    ["storage/queue/disk_test.ts", "after a failed flush nothing is acknowledged until the pause is over"],
    ["e2e/flush_order_test.ts", "no 250 is given, reads go on, and mail is taken again afterwards"],
  ),
  R5: tests(["storage/disk_test.ts", "an index that has grown to its limit takes no more deliveries"]),
  R6: tests([
    "storage/readers_test.ts",
    "readers that were killed in the middle of reading do not make the index grow",
  ]),
  R7: tests(
    ["storage/kill_test.ts", "the store has every acknowledged message once"],
    ["e2e/crash_test.ts", "every acknowledged message is there, byte for byte and once"],
    ["storage/queue/kill_test.ts", "the queue has every acknowledged mail once"],
    ["e2e/relay_crash_test.ts", "all mail that was acknowledged goes on to the next server"],
  ),
  R8: tests(
    ["storage/crash_test.ts", "after a loss of power at any step, what was acknowledged is there"],
    ["storage/queue/crash_test.ts", "after a loss of power at any step, what the queue acknowledged is there"],
    [
      "storage/strace_test.ts",
      "a delivery is acknowledged after its body, its index pages and their root were flushed",
    ],
  ),
  R9: tests(
    ["e2e/attacks_machine_test.ts", "whatever the clock says, sessions, locks and mail go on"],
    ["storage/queue/recovery_test.ts", "queue time counts a stop, up to a day of it, and never goes back over one"],
  ),
  R10: tests(
    ["net/chaos_test.ts", "clients that leave in every bad way leave nothing behind"],
    ["net/processes_test.ts", "a server out of file descriptors serves on"],
    ["e2e/resources_test.ts", "without free file descriptors open sessions go on"],
    ["e2e/attacks_machine_test.ts", "a server whose log nobody reads any more, and that is sent SIGPIPE"],
  ),
  // The lock's half of the row. That an old copy was put back cannot be seen from the data alone: an operator has to say so.
  R11: tests(
    ["storage/lock_test.ts", "a data directory has one owner at a time, in this process and between processes"],
    ["storage/lock_test.ts", "the lock goes with a process that is killed"],
    ["e2e/full_disk_test.ts", "a second server on the same data directory ends with an error"],
    ["storage/owners_test.ts", "a lost owner whose disk fails does not take a shard back from its successor"],
    ["storage/queue/log_test.ts", "a lost owner whose disk fails does not take the queue back from its successor"],
  ),
  R12: tests(
    ["storage/recovery_test.ts", "a flipped bit makes only that message fail, whole or in parts, and verify names it"],
    ["e2e/attacks_machine_test.ts", "one flipped bit makes one message unreadable and says which"],
  ),
};

/** Every row of ../shared/ATTACKS.md by its id. */
export const ATTACKS: Readonly<Record<string, Answer>> = {
  ...SMTP,
  ...MESSAGES,
  ...IMAP_AND_POP3,
  ...CONTROL,
  ...MACHINE,
};
