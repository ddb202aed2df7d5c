import { assertEquals, assertThrows } from "@std/assert";
import { transcript, type TranscriptSession } from "./transcript.ts";

/** Answers each line in upper case, asks about lines that start with `?`. */
function echo(): TranscriptSession & { chunks: number } {
  let buffer = "";
  let waiting = false;
  const drain = () => {
    const actions: { type: string; text?: string; word?: string }[] = [];
    for (let end = buffer.indexOf("\r\n"); end >= 0 && !waiting; end = buffer.indexOf("\r\n")) {
      const line = buffer.slice(0, end);
      buffer = buffer.slice(end + 2);
      waiting = line.startsWith("?");
      actions.push(
        waiting ? { type: "ask", word: line.slice(1) } : { type: "send", text: `${line.toUpperCase()}\r\n` },
      );
    }
    return actions;
  };
  return {
    chunks: 0,
    open: () => [{ type: "send", text: "READY\r\n" }],
    receive(bytes) {
      this.chunks++;
      buffer += new TextDecoder().decode(bytes);
      return drain();
    },
    answer(name, ...args) {
      waiting = false;
      return [{ type: "send", text: `${name} ${JSON.stringify(args)}\r\n` }, ...drain()];
    },
  };
}

Deno.test("a transcript passes by line, by byte and pipelined when the session keeps to it", () => {
  const chunks: number[] = [];
  transcript(
    () => {
      const session = echo();
      chunks.push(0);
      const at = chunks.length - 1;
      return { ...session, receive: (bytes) => (chunks[at]!++, session.receive(bytes)) };
    },
    `
    S: READY
    C: one
    S: ONE
    R: "tw"
    R: "o\\r\\n"
    S: TWO
    C: ?word
    ? ask word
    ! told 1 true x "y z" {"a": 1}
    S: told [1,true,"x","y z",{"a":1}]
    --
    C: three
    S: THREE
    X: FOUR`,
  );
  assertEquals(chunks, [5, 24, 2]);
});

Deno.test("a transcript fails on a wrong, missing, surplus or forbidden line", () => {
  for (
    const [text, message] of [
      ["S: READY\nC: a\nS: B", "S: B"],
      ["S: READY\nC: a\nS: A\nS: B", "(nothing)"],
      ["S: READY\nC: a\nC: b\nS: A\nS: B", "said more than it should"],
      ["S: READY\nC: bad\nS: BAD\nX: BA", "forbidden"],
      ['S: READY\nR: "a\\r"', ""],
    ] as const
  ) {
    if (message === "") transcript(echo, text);
    else assertThrows(() => transcript(echo, text), Error, message);
  }
});
