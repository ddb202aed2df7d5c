/** THREAD of random mailboxes, beside Dovecot's. */
import { assertEquals, assertGreater } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { formatDate, readIndex, type ThreadedMessage } from "../../src/mime/mod.ts";
import { ALGORITHMS, threaded } from "../../src/protocol/imap/commands/thread.ts";
import { indexMessage } from "../../src/protocol/imap/fetch/message_index.ts";
import { writeThread } from "../../src/protocol/imap/write/write_results.ts";
import { type Dice, dice } from "../support/dice.ts";
import { dovecotMissing, dovecotSession } from "../support/dovecot_imap.ts";

const missing = dovecotMissing();
const skipped = missing === null ? "" : ` (skipped: needs ${missing})`;

const SEED = 5_256;
const GROUPS = 250;
const GROUP_MESSAGES_MAX = 12;

interface Letter {
  readonly bytes: Uint8Array;
  readonly arrivedMs: number;
}

/** Messages that name each other, some that are not there, one another in a circle, and one id twice. */
function letters(group: number, chance: Dice): Letter[] {
  const count = 2 + chance.below(GROUP_MESSAGES_MAX - 1);
  const id = () => `<${chance.below(count + 2)}.${group}@a.test>`;
  // No two messages have one time: what is sent is so in even seconds, what arrives in odd ones.
  const times = shuffled(count, chance).map((second) => 1_600_000_000_000 + 2_000 * second);
  const arrivals = shuffled(count, chance).map((second) => 1_600_000_000_000 + 2_000 * second);
  const dated = chance.below(2) > 0;
  return Array.from({ length: count }, (_, at): Letter => {
    const own = chance.below(8) === 0 ? id() : `<${at}.${group}@a.test>`;
    const references = Array.from({ length: chance.below(4) }, id);
    const subject = chance.pick(["", "Re: ", "Fwd: ", "re: [list] "])! + chance.pick(["", "One", "TWO", "two"])!;
    const fields = [
      chance.below(10) > 0 && `Message-ID: ${own}`,
      references.length > 0 && `References: ${references.join(" ")}`,
      chance.below(3) === 0 && `In-Reply-To: ${id()}`,
      dated && chance.below(8) > 0 && `Date: ${formatDate(times[at]!)}`,
      chance.below(10) > 0 && `Subject: ${subject}`,
    ].filter((field) => field !== false);
    return {
      bytes: utf8([...fields, "From: a@a.test", "", "text", ""].join("\r\n")),
      arrivedMs: arrivals[at]! + 1_000,
    };
  });
}

function shuffled(count: number, chance: Dice): number[] {
  const left = Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: count }, () => left.splice(chance.below(left.length), 1)[0]!);
}

/** date-time (RFC 9051 §9) of APPEND. */
function appendDate(ms: number): string {
  const [, day, month, year, time, zone] = formatDate(ms).split(" ");
  return `${day!.padStart(2, " ")}-${month}-${year} ${time} ${zone}`;
}

/** How Dovecot 2.3 reads an algorithm, if not as we do: what it threads instead. */
const READ_OTHERWISE: Readonly<Record<string, (messages: readonly ThreadedMessage[]) => readonly ThreadedMessage[]>> = {
  // By the draft the last INTERNALDATE puts threads in order; for Dovecot it is the last date of sending.
  REFS: (messages) => messages.map((message) => ({ ...message, arrivedMs: message.sentMs })),
};

Deno.test({
  name: `threads of random mailboxes are Dovecot's, but for the one difference that is explained (seeded)${skipped}`,
  ignore: missing !== null,
  async fn() {
    const chance = dice(SEED);
    const groups = Array.from({ length: GROUPS }, (_, group) => letters(group, chance));
    let next = 1;
    const sets = groups.map(({ length }) => ({ first: next, last: (next += length) - 1 }));
    const algorithms = [...ALGORITHMS];
    const said = await dovecotSession(
      groups.flat().map(({ bytes }) => bytes),
      sets.flatMap(({ first, last }) => algorithms.map(([name]) => `THREAD ${name} UTF-8 ${first}:${last}`)),
      groups.flat().map(({ arrivedMs }) => appendDate(arrivedMs)),
    );
    const theirs = [...said.matchAll(/^\* THREAD.*\r\n/gm)].map(([line]) => line);
    assertEquals(theirs.length, GROUPS * algorithms.length);
    let elsewhere = 0;
    for (const [g, group] of groups.entries()) {
      const messages = group.map(({ bytes, arrivedMs }, at) =>
        threaded(sets[g]!.first + at, { internalDateMs: arrivedMs }, readIndex(indexMessage(bytes))!.facts())
      );
      for (const [a, [name, threads]] of algorithms.entries()) {
        const dovecots = theirs[g * algorithms.length + a]!;
        const asTheyRead = READ_OTHERWISE[name]?.(messages) ?? messages;
        assertEquals(writeThread(threads(asTheyRead)), dovecots, `${name} of group ${g}`);
        const ours = writeThread(threads(messages));
        // Where no message says when it was sent, both go by the arrival.
        if (messages.every(({ sentMs, arrivedMs }) => sentMs === arrivedMs)) assertEquals(ours, dovecots);
        if (ours !== dovecots) elsewhere++;
      }
    }
    assertGreater(elsewhere, GROUPS / 10);
  },
});
