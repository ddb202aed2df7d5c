import { type Answer, notYet, rows, tests } from "./attack_answers.ts";
import { IMAP_AND_POP3, MESSAGES } from "./attacks_messages.ts";
import { SMTP } from "./attacks_smtp.ts";

const NO_WEB = notYet("no HTTP is served but the control socket's");

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
    ["runtime/port_garbage_test.ts", "garbage of every kind on a real channel is refused"],
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
      "a delivery is acknowledged after its body and the record of its group were flushed",
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
  // An old state in the same files (a snapshot of the whole machine) cannot be seen: there an operator has to say so.
  R11: tests(
    ["storage/restored_test.ts", "a copy that is put back has its mail, under UIDVALIDITYs above all that there were"],
    ["storage/restored_test.ts", "what an operator says was put back is taken for a copy"],
    ["e2e/attacks_machine_test.ts", "a server on data that were put back from a copy"],
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
