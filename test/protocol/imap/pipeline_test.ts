/** Commands that are sent without waiting (RFC 9051 §5.5): STOREs are begun together, and answered as one after the other. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../../src/base/bytes.ts";
import { Failure } from "../../../src/base/failure.ts";
import { DEFAULT_IMAP_LIMITS, type ImapAction, type ImapSession } from "../../../src/protocol/imap/mod.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { type Client, type ClientOptions, loggedIn, other, replayUser, say, SELECTED_THREE } from "./support.ts";

const SEED = 5_005;

function withLetters(count: number): FakeMailboxes {
  const mailboxes = new FakeMailboxes();
  for (let i = 0; i < count; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
  other(mailboxes, `STORE ${count} FLAGS ($Work $Later)`);
  return mailboxes;
}

function selected(mailboxes: FakeMailboxes, before: readonly string[] = [], options: ClientOptions = {}): Client {
  const client = loggedIn(mailboxes, options);
  say(client, ...before, "s SELECT INBOX");
  return client;
}

/** Says commands one after the other and all at once, to two mailboxes alike; the lines are the same, and the most begun at once. */
function bothWays(commands: readonly string[], before: readonly string[] = [], messages = 9): number {
  const [one, all] = [withLetters(messages), withLetters(messages)];
  const waiting = selected(one, before);
  const piped = selected(all, before);
  const lines = commands.map((command, i) => `t${i} ${command}`);
  assertEquals(say(piped, ...lines), lines.flatMap((line) => say(waiting, line)));
  const flags = (mailboxes: FakeMailboxes) => mailboxes.messages("INBOX").map((each) => [each.flags, each.keywords]);
  assertEquals(flags(all), flags(one));
  assertEquals(waiting.begunMax, 0);
  return piped.begunMax;
}

Deno.test("STOREs that wait are begun together, and each is answered in its turn as it would have been alone", () => {
  assertEquals(
    bothWays(["STORE 1 +FLAGS (\\Seen)", "STORE 3:2 FLAGS (\\Draft)", "STORE 9,4 +FLAGS.SILENT \\Deleted"]),
    3,
  );
  assertEquals(bothWays(["UID STORE 7 +FLAGS (\\Seen)", "UID STORE 1:3 -FLAGS (\\Seen)", "UID STORE 99 FLAGS ()"]), 3);
  assertEquals(
    bothWays(["STORE 2 +FLAGS (\\Seen)", "STORE 1 +FLAGS (\\Seen)", "NOOP", "FETCH 1:2 FLAGS", "LOGOUT"]),
    2,
  );
  const qresync = ["q ENABLE QRESYNC"];
  const ifUnchanged = ["STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)", "STORE 2 (UNCHANGEDSINCE 99) +FLAGS (\\Seen)"];
  assertEquals(bothWays([...ifUnchanged, "STORE 3 +FLAGS.SILENT (\\Seen)"], qresync), 3);
  assertEquals(bothWays(["UID STORE 1 FLAGS ()", "UID STORE 2 FLAGS ()"], ["u ENABLE UIDONLY"]), 2);
});

Deno.test("what hangs on what is before it waits for its turn", () => {
  const first = "STORE 1:3 +FLAGS (\\Seen)";
  for (
    const second of [
      ...["STORE 3 +FLAGS (\\Flagged)", "STORE 5:2 FLAGS ()", "STORE * +FLAGS (\\Seen)", "STORE 4:* FLAGS.SILENT ()"],
      ...[
        "UID STORE 4 +FLAGS (\\Seen)",
        "STORE 4 +FLAGS ($New)",
        "STORE 10 +FLAGS (\\Seen)",
        "STORE 4 FLAGS {2+}\r\n()",
      ],
      ...["STORE 4 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)", "STORE $ +FLAGS (\\Seen)", "STORE 4 +FLAGS", "FETCH 4 BODY[]"],
      ...[
        "STORE 4 ANNOTATION (/comment (value.priv x))",
        "EXPUNGE",
        "SEARCH SEEN",
        "CLOSE",
        "LOGOUT",
        "NONSENSE",
        "{3}",
      ],
      `STORE ${"4,".repeat(600)}4 FLAGS ()`,
    ]
  ) {
    assertEquals(bothWays([first, second, "STORE 5 FLAGS (\\Draft)"]) < 3, true, second);
    const last = second.startsWith("UID") ? "UID STORE 6 FLAGS ()" : "NOOP";
    bothWays([
      "STORE 7 FLAGS ()",
      first,
      second,
      last,
      "STORE 8 FLAGS ()",
      "STORE 9 FLAGS ()",
      "STORE 8 FLAGS (\\Seen)",
    ]);
    // A conditional one has MODSEQ told from then on.
    assertEquals(bothWays([second, first]), second.includes("UNCHANGEDSINCE") ? 2 : 0, second);
  }
  assertEquals(bothWays(["UID STORE 1 FLAGS ()", "STORE 2 FLAGS ()"]), 0);
  assertEquals(bothWays(["STORE 1 FLAGS ()", "STORE 2 FLAGS ()"], ["u ENABLE UIDONLY"]), 0);
  const notify = ["n NOTIFY SET (selected (MessageNew (UID) MessageExpunge FlagChange))"];
  assertEquals(bothWays(["STORE 1 FLAGS ()", "STORE 2 FLAGS ()"], notify), 0);
});

const set = fc.tuple(fc.nat(9), fc.nat(9), fc.boolean()).map(([one, two, is]) =>
  is ? `${one + 1}:${two + 1}` : `${one + 1}`
);
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.constantFrom("STORE", "STORE", "UID STORE"),
      set,
      fc.constantFrom("", "", " (UNCHANGEDSINCE 12)"),
      fc.constantFrom("+FLAGS", "-FLAGS", "FLAGS", "+FLAGS.SILENT", "FLAGS.SILENT"),
      fc.constantFrom("\\Seen", "\\Deleted", "$Work", "$Later"),
    ).map(([verb, of, since, how, flag]) => `${verb} ${of}${since} ${how} (${flag})`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "NOOP",
      "FETCH 1:* (UID FLAGS)",
      "SEARCH DELETED",
      "STORE 1 FLAGS",
      "ENABLE CONDSTORE",
    ),
  },
);

Deno.test("whatever a client sends at once is answered byte for byte as one command after the other", () => {
  let begun = 0;
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
      begun += bothWays(commands, [], 80);
    }),
    { seed: SEED, numRuns: 400 },
  );
  assertGreater(begun, 400);
});

Deno.test("a transcript of STOREs, with what may not be told amid them", () => {
  replayUser(
    `
    C: s SELECT INBOX
    ${SELECTED_THREE}
    S: s OK [READ-WRITE] Selected
    --
    C: 1 STORE 1 +FLAGS (\\Seen)
    S: * 1 FETCH (FLAGS (\\Seen \\Recent))
    S: 1 OK Done
    C: 2 STORE 2 +FLAGS.SILENT (\\Seen)
    S: 2 OK Done
    C: 3 STORE 4 +FLAGS (\\Seen)
    S: 3 BAD No such message
    C: 4 STORE 3 +FLAGS ($Odd)
    S: * 3 FETCH (FLAGS (\\Recent $Odd))
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Odd)
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Odd \\*)] Kept
    S: 4 OK Done
    C: 5 STORE 1:2 -FLAGS (\\Seen)
    S: * 1 FETCH (FLAGS (\\Recent))
    S: * 2 FETCH (FLAGS (\\Recent))
    S: 5 OK Done
    X: EXPUNGE
    X: * 2 FETCH (FLAGS (\\Seen
    `,
    (mailboxes) => {
      for (let i = 0; i < 3; i++) mailboxes.deliver("INBOX", "A: b\r\n\r\nc");
    },
  );
});

Deno.test("so many commands, and messages, are begun at once and no more", () => {
  const { commandsAtOnceMax, messagesAtOnceMax } = DEFAULT_IMAP_LIMITS;
  const each = (count: number) => Array.from({ length: count }, (_, i) => `STORE ${i + 1} FLAGS.SILENT ()`);
  assertEquals(bothWays(each(commandsAtOnceMax), [], 100), commandsAtOnceMax);
  assertEquals(bothWays(each(commandsAtOnceMax + 1), [], 100), commandsAtOnceMax);
  const half = messagesAtOnceMax / 2;
  const halves = [`STORE 1:${half} FLAGS.SILENT ()`, `STORE ${half + 1}:${2 * half} FLAGS.SILENT ()`];
  assertEquals(bothWays(halves, [], 2 * half + 1), 2);
  assertEquals(bothWays([halves[0]!, `STORE ${half + 1}:${2 * half + 1} FLAGS.SILENT ()`], [], 2 * half + 1), 0);
});

/** A session in whose pipeline things happen: what is asked waits for the test. */
function driven(mailboxes: FakeMailboxes, ...lines: readonly string[]) {
  const client = selected(mailboxes);
  const { session } = client;
  let sent = "";
  const asked: Extract<ImapAction, { type: "ask" | "ahead" }>[] = [];
  const take = (actions: readonly ImapAction[]) => {
    for (const action of actions) {
      if (action.type === "send") sent += action.data;
      else if (action.type === "ask" || action.type === "ahead") asked.push(action);
    }
  };
  take(session.receive(utf8(lines.map((line) => `${line}\r\n`).join(""))));
  return { session, asked, take, told: () => sent.split("\r\n").slice(0, -1) };
}

/** Begins all changes, lets something happen, and gives the answers as they are asked for; all that was told. */
function meanwhile(
  mailboxes: FakeMailboxes,
  happens: (session: ImapSession) => readonly ImapAction[],
  lines: string[],
) {
  const { session, asked, take, told } = driven(mailboxes, ...lines);
  const begun = asked.filter(({ type }) => type === "ahead").map(({ request }) => ({
    request,
    reply: mailboxes.answer("mailbox.store", request as never),
  }));
  assertEquals(begun.length, lines.filter((line) => line.includes("STORE")).length);
  take(happens(session));
  for (let next = asked.at(-1)!; session.waiting; next = asked.at(-1)!) {
    const known = begun.find(({ request }) => request === next.request);
    const reply = known?.reply ?? mailboxes.answer(next.name as "mailbox.news", next.request as never);
    take(session.answered({ type: "reply", reply }));
  }
  return { lines: told(), session };
}

const THREE = ["1 UID STORE 2 +FLAGS (\\Seen)", "2 UID STORE 3 +FLAGS (\\Seen)", "3 UID STORE 4 +FLAGS (\\Seen)"];

Deno.test("what others do meanwhile is told behind the last answer: until then numbers are what they were", () => {
  const mailboxes = withLetters(5);
  const { lines } = meanwhile(mailboxes, (session) => {
    other(mailboxes, "STORE 1 +FLAGS.SILENT (\\Deleted)");
    other(mailboxes, "EXPUNGE");
    return session.stirred(session.view!);
  }, [...THREE, "4 NOOP"]);
  assertEquals(lines, [
    "* 2 FETCH (UID 2 FLAGS (\\Seen \\Recent))",
    "1 OK Done",
    "* 3 FETCH (UID 3 FLAGS (\\Seen \\Recent))",
    "2 OK Done",
    "* 4 FETCH (UID 4 FLAGS (\\Seen \\Recent))",
    "* 1 EXPUNGE",
    "* 4 RECENT",
    "3 OK Done",
    "4 OK Done",
  ]);
});

Deno.test("a server that shuts down tells what became of all that is under way, and takes nothing more", () => {
  const { lines, session } = meanwhile(withLetters(4), (session) => session.shuttingDown(), [...THREE, "4 NOOP"]);
  assertEquals(lines.filter((line) => !line.includes("FETCH")), [
    ...["1 OK Done", "2 OK Done", "3 OK Done", "* BYE [UNAVAILABLE] Server is shutting down"],
  ]);
  assertEquals(session.phase, "closed");
  assertEquals(session.settling, false);
});

Deno.test("a change that fails is that command's NO, and those behind it are told what became of theirs", () => {
  const mailboxes = withLetters(4);
  const { session, asked, take, told } = driven(mailboxes, ...THREE);
  assert(session.settling);
  for (let i = 0; i < 3; i++) {
    const { request } = asked.at(-1)!;
    if (i === 1) take(session.answered({ type: "failed", kind: "busy" }));
    else take(session.answered({ type: "reply", reply: mailboxes.answer("mailbox.store", request as never) }));
  }
  const tagged = told().filter((line) => !line.startsWith("*"));
  assertEquals(tagged.map((line) => line.slice(0, 4)), ["1 OK", "2 NO", "3 OK"]);
  assertEquals(told().filter((line) => line.includes("FETCH")).length, 2);
  assertEquals(session.waiting, false);
});

Deno.test("when the view is lost the first says so, and the session ends: nothing is asked again", () => {
  const mailboxes = withLetters(4);
  const { session, asked, take, told } = driven(mailboxes, ...THREE, "4 NOOP");
  const before = asked.length;
  take(session.answered({ type: "failed", kind: "not_found" }));
  assertEquals(told(), [
    "1 NO [UNAVAILABLE] The mailbox is not open any more",
    "* BYE [UNAVAILABLE] The mailbox has to be opened again",
  ]);
  assertEquals([asked.length, session.phase, session.bufferedBytes], [before, "closed", 0]);
});

Deno.test("every STORE of a pipeline is refused where each would be", () => {
  const mailboxes = withLetters(3);
  const client = selected(mailboxes);
  mailboxes.failures.set("mailbox.store", new Failure("refused", "a right is wanting"));
  const lines = say(client, ...THREE);
  assertEquals(lines.map((line) => line.slice(0, 4)), ["1 NO", "2 NO", "3 NO"]);
  say(client, "s EXAMINE INBOX");
  assertEquals(say(client, ...THREE).map((line) => line.slice(0, 4)), ["1 NO", "2 NO", "3 NO"]);
});

Deno.test("what waits behind a pipeline counts as input that is held, and is bounded", () => {
  const { session, asked, take } = driven(withLetters(4), ...THREE, `4 NOOP ${"x".repeat(5_000)}`);
  assertGreater(session.bufferedBytes, 5_000);
  const count = asked.length;
  const { heldBytesMax } = DEFAULT_IMAP_LIMITS;
  take(session.receive(new Uint8Array(heldBytesMax - session.bufferedBytes)));
  assertEquals(session.phase, "selected");
  take(session.receive(new Uint8Array(1)));
  assertEquals([session.phase, session.bufferedBytes, asked.length], ["closed", 0, count]);
});
