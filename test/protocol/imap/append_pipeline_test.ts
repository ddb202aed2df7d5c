/** APPENDs that are sent without waiting (RFC 9051 §5.5) are stored together, and answered as one after the other. */
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { Failure } from "../../../src/base/failure.ts";
import { latin1 } from "../../../src/base/latin1.ts";
import { utf8 } from "../../../src/base/bytes.ts";
import { DEFAULT_IMAP_LIMITS } from "../../../src/protocol/imap/mod.ts";
import { parseRights } from "../../../src/mail/rights.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { type Client, type ClientOptions, loggedIn, other, say } from "./support.ts";

const SEED = 6_006;
const BOXES = ["INBOX", "Drafts", "Sent"];

/** An APPEND with the letter behind it, which a line's end follows. */
const append = (box: string, letter: string, flags = "") => `APPEND ${box} ${flags}{${letter.length}+}\r\n${letter}`;

function boxes(): FakeMailboxes {
  const mailboxes = new FakeMailboxes();
  for (const name of BOXES.slice(1)) mailboxes.make(name);
  return mailboxes;
}

function stored(mailboxes: FakeMailboxes) {
  return BOXES.map((name) =>
    mailboxes.messages(name).map(({ bytes, flags, keywords }) => [latin1(bytes), flags, keywords])
  );
}

interface Ways {
  readonly before?: readonly string[];
  readonly options?: ClientOptions;
  readonly refuse?: (mailboxes: FakeMailboxes) => void;
}

/** Says commands one after the other and all at once, to mailboxes alike; the lines are the same but for what is news. */
function bothWays(commands: readonly string[], { before = [], options = {}, refuse = () => {} }: Ways = {}): number {
  const [one, all] = [boxes(), boxes()];
  const [waiting, piped] = [loggedIn(one, options), loggedIn(all, options)];
  for (const client of [waiting, piped]) say(client, ...before);
  for (const mailboxes of [one, all]) refuse(mailboxes);
  const lines = commands.map((command, i) => `t${i} ${command}`);
  const isTold = (line: string) => !/^\* (\d+ (EXISTS|RECENT)$|FLAGS|OK \[PERMANENTFLAGS)/.test(line);
  assertEquals(say(piped, ...lines).filter(isTold), lines.flatMap((line) => say(waiting, line)).filter(isTold));
  assertEquals(stored(all), stored(one));
  assertEquals([waiting.appendedMax, piped.session.bufferedBytes], [0, 0]);
  return piped.appendedMax;
}

Deno.test("APPENDs that wait are stored together, and each is answered in its turn as it would have been alone", () => {
  assertEquals(
    bothWays([append("INBOX", "one"), append("Drafts", "two", "(\\Seen $A) "), append("INBOX", "three")]),
    3,
  );
  assertEquals(bothWays([append("INBOX", "one"), append("INBOX", "two"), "NOOP", append("INBOX", "three")]), 2);
  const select = { before: ["s SELECT INBOX"] };
  assertEquals(
    bothWays([append("INBOX", "one"), append("Sent", "two"), append("INBOX", "x"), "FETCH 1:* UID"], select),
    3,
  );
  assertEquals(bothWays([append("INBOX", "one") + " {3+}\r\ntwo", append("INBOX", "three")], select), 2);
  assertEquals(bothWays([append("INBOX", "one"), "APPEND {6+}\r\nDrafts {1+}\r\nx", append("INBOX", "three")]), 3);
  assertEquals(bothWays([append("INBOX", "A: b\r\n\r\nc\r\n"), append("INBOX", "\r\n"), append("INBOX", "x")]), 3);
});

Deno.test("one that is refused does not touch the others", () => {
  assertEquals(bothWays([append("INBOX", "one"), append("Nowhere", "two"), append("INBOX", "three")]), 3);
  assertEquals(bothWays([append("Nowhere", "one"), append("INBOX", "two"), append("Nowhere", "three")]), 3);
  const small = { options: { limits: { appendBytesMax: 4 } } };
  assertEquals(bothWays([append("INBOX", "one"), append("INBOX", "large"), append("INBOX", "two")], small), 0);
  assertEquals(bothWays([append("INBOX", "one"), append("INBOX", "four"), append("INBOX", "large")], small), 2);
  const failing = (mailboxes: FakeMailboxes) => void mailboxes.failures.set("mailbox.append", new Failure("disk", "x"));
  assertEquals(bothWays([append("INBOX", "one"), append("INBOX", "two")], { refuse: failing }), 2);
  const noRight = (mailboxes: FakeMailboxes) => void mailboxes.rights.set("Drafts", parseRights("lr")!);
  assertEquals(bothWays([append("INBOX", "1"), append("Drafts", "2"), append("INBOX", "3")], { refuse: noRight }), 3);
});

Deno.test("what keeps all of them is the failure of each", () => {
  const mailboxes = boxes();
  const client = loggedIn(mailboxes);
  mailboxes.failures.set("mailbox.appendEach", new Failure("down", "gone"));
  const why = "NO [UNAVAILABLE] Not possible at the moment, try again later";
  assertEquals(say(client, `1 ${append("INBOX", "one")}`, `2 ${append("INBOX", "two")}`, "3 NOOP"), [
    ...[`1 ${why}`, `2 ${why}`, "3 OK Done"],
  ]);
  assertEquals(mailboxes.messages("INBOX").length, 0);
});

Deno.test("what is no plain message, or has not come, waits for its turn", () => {
  const first = append("INBOX", "one");
  const many = `APPEND INBOX (${"$a ".repeat(400)}$b) {1+}\r\nx`;
  for (
    const second of [
      ...[
        append("INBOX", ""),
        append("INBOX", "a\0b"),
        append("INBOX", "x") + " {1+}\r\ny",
        append("INBOX", "x") + " (",
      ],
      ...["APPEND INBOX CATENATE (TEXT {1+}\r\nx)", "APPEND INBOX CATENATE (URL /x)", "APPEND INBOX {1+}x", many],
      ...["APPEND INBOX ANNOTATION (/comment (value.priv x)) {1+}\r\nx", "APPEND INBOX UTF8 (~{1+}\r\nx)", "APPEND"],
      ...[
        "REPLACE 1 INBOX {1+}\r\nx",
        "STORE 1 +FLAGS (\\Seen)",
        "NONSENSE",
        "IDLE\r\nDONE",
        "LOGIN {1+}\r\na {1+}\r\nb",
        "LOGOUT",
      ],
      ...[append('"Other Users/x@y.test/INBOX"', "x"), append("a//b", "x")],
    ]
  ) {
    assertLessOrEqual(bothWays([first, second, append("INBOX", "last")], { before: ["s SELECT INBOX"] }), 2, second);
    const last = [second, first, append("INBOX", "x"), append("INBOX", "y")];
    bothWays(last, { before: ["s SELECT INBOX"] });
  }
  assertEquals(bothWays([append('"Other Users/x@y.test/INBOX"', "x"), append("INBOX", "x")]), 0);
  assertEquals(
    bothWays([append("INBOX", "x"), append("INBOX", "x")], {
      before: ["n NOTIFY SET (selected (MessageNew MessageExpunge))"],
    }),
    0,
  );
  // A message whose literal waits for "+" is none that has come.
  const client = loggedIn(boxes());
  assertEquals(say(client, "1 APPEND INBOX {1+}", "x", "2 APPEND INBOX {1}"), [
    "1 OK [APPENDUID 1001 1] Appended",
    "+ OK",
  ]);
  assertEquals(say(client, "y"), ["2 OK [APPENDUID 1001 2] Appended"]);
  assertEquals(client.appendedMax, 0);
});

Deno.test("so many commands and bytes are asked for together, and no more are held", () => {
  const letter = "x".repeat(1_000);
  const lines = Array.from({ length: 30 }, (_, i) => `${i} ${append("INBOX", letter)}`);
  let held = 0;
  const tell = (limits: Partial<typeof DEFAULT_IMAP_LIMITS>) => {
    const client = loggedIn(boxes(), { limits });
    client.meanwhile = () => held = Math.max(held, client.session.bufferedBytes);
    assertEquals(say(client, ...lines).length, 30);
    return client;
  };
  assertEquals(tell({}).appendedMax, 30);
  assertEquals(tell({ commandsAtOnceMax: 7 }).appendedMax, 7);
  assertEquals(tell({ commandsAtOnceMax: 1 }).appendedMax, 0);
  assertEquals(tell({ appendsAtOnceBytesMax: 10_000 }).appendedMax, 10);
  assertEquals(tell({ appendsAtOnceBytesMax: 9_999 }).appendedMax, 9);
  assertEquals(tell({ appendsAtOnceBytesMax: 1_500 }).appendedMax, 0);
  // What is under way counts as held.
  held = 0;
  tell({});
  assertGreater(held, 30_000);
  assertLessOrEqual(held, 40_000);
});

Deno.test("what is news is told behind the last of them", () => {
  for (const bringsNews of [false, true]) {
    const mailboxes = boxes();
    mailboxes.bringsNews = bringsNews;
    for (const letter of ["a", "b"]) mailboxes.deliver("INBOX", letter);
    const client = loggedIn(mailboxes);
    say(client, "s SELECT INBOX");
    client.meanwhile = () => {
      client.meanwhile = () => {};
      other(mailboxes, "STORE 1 +FLAGS.SILENT (\\Deleted)");
      other(mailboxes, "EXPUNGE");
    };
    mailboxes.asked.length = 0;
    const lines = say(
      client,
      `1 ${append("INBOX", "one")}`,
      `2 ${append("Nowhere", "two")}`,
      `3 ${append("INBOX", "three")}`,
    );
    const [first, second, ...rest] = lines;
    assertEquals([first, second], ["1 OK [APPENDUID 1001 3] Appended", "2 NO [TRYCREATE] No such mailbox"]);
    assertEquals(rest.at(-1), "3 OK [APPENDUID 1001 4] Appended");
    assert(rest.includes("* 4 EXISTS") || rest.includes("* 3 EXISTS"), rest.join("\n"));
    assertEquals(say(client, "4 NOOP", "5 SEARCH ALL").at(-2), "* SEARCH 1 2 3");
    assertEquals(mailboxes.asked.indexOf("mailbox.news") < 0, false);
  }
});

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...BOXES, "Nowhere"), fc.constantFrom("", "(\\Seen) ", "($Work) "), fc.nat(30))
      .map(([box, flags, length]) => append(box, "\r\nA1 LOGOUT\r\n".repeat(3).slice(0, length), flags)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...["NOOP", "STATUS INBOX (MESSAGES)", "APPEND INBOX {1+}\r\nx {1+}\r\ny", "APPEND INBOX {1+}\r\n\0", "NONSENSE"],
      ...["UID STORE 1:2 FLAGS.SILENT ($Work)", "FETCH 1:* (UID)", "SELECT Drafts", "UNSELECT"],
    ),
  },
);

Deno.test("whatever a client sends at once is stored and answered as one command after the other", () => {
  let together = 0;
  fc.assert(
    fc.property(fc.array(command, { maxLength: 20 }), fc.boolean(), (commands, select) => {
      together += bothWays(commands, { before: select ? ["s SELECT INBOX"] : [] });
    }),
    { seed: SEED, numRuns: 300 },
  );
  assertGreater(together, 300);
});

Deno.test("a pipeline that comes in pieces of any size is answered the same", () => {
  const lines = [
    append("INBOX", "A: b\r\n\r\nfirst"),
    append("Sent", "second", "(\\Seen) "),
    append("Nowhere", "x"),
    "NOOP",
  ]
    .map((line, i) => `${i} ${line}\r\n`).join("");
  const answers = (size: number) => {
    const mailboxes = boxes();
    const client: Client = loggedIn(mailboxes);
    const bytes = utf8(lines);
    for (let at = 0; at < bytes.length; at += size) client.receive(bytes.slice(at, at + size));
    return [latin1(client.take()), stored(mailboxes)];
  };
  const whole = answers(lines.length);
  for (let size = 1; size < lines.length; size++) assertEquals(answers(size), whole, `${size} bytes`);
});
