import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../../src/protocol/imap/command_table.ts";
import { FakeMailboxes } from "../../support/fake_mailboxes.ts";
import { Client, loggedIn, say } from "./support.ts";

/** Which command each capability needs; an extension of FETCH, LIST or STATUS is part of that. */
const NEEDS: Readonly<Record<string, string>> = {
  "ID": "ID",
  "STARTTLS": "STARTTLS",
  "LOGINDISABLED": "LOGIN",
  "SASL-IR": "AUTHENTICATE",
  "ENABLE": "ENABLE",
  "NAMESPACE": "NAMESPACE",
  "IDLE": "IDLE",
  "UNSELECT": "UNSELECT",
  "UIDPLUS": "EXPUNGE",
  "MOVE": "MOVE",
  "REPLACE": "REPLACE",
  "ESEARCH": "SEARCH",
  "SEARCHRES": "SEARCH",
  "MULTIAPPEND": "APPEND",
  "ANNOTATE-EXPERIMENT-1": "STORE",
  "COMPRESS=DEFLATE": "COMPRESS",
  "UNAUTHENTICATE": "UNAUTHENTICATE",
  "QUOTA": "GETQUOTA",
  "SORT": "SORT",
  "ESORT": "SORT",
  "CONTEXT=SEARCH": "CANCELUPDATE",
  "CONTEXT=SORT": "SORT",
  "MULTISEARCH": "ESEARCH",
  "SEARCH=FUZZY": "SEARCH",
  "FILTERS": "SETMETADATA",
  "THREAD=REFERENCES": "THREAD",
  "THREAD=REFS": "THREAD",
};

function capabilities(client: Client): string[] {
  return say(client, "c CAPABILITY").find((line) => line.startsWith("* CAPABILITY "))!.split(" ").slice(2);
}

Deno.test("each capability that is announced has its command in the table", () => {
  const client = loggedIn(new FakeMailboxes(), { compress: true });
  const stranger = new Client(new FakeMailboxes(), { tls: "available" });
  const all = [...capabilities(client), ...capabilities(stranger)];
  for (const [name, verb] of Object.entries(NEEDS)) {
    if (all.includes(name)) assert(COMMANDS.has(verb), `${name} is announced, ${verb} is missing`);
  }
  assertEquals(new Set(capabilities(client)).size, capabilities(client).length, "none is told twice");
});

Deno.test("what is not wanted or not possible is not announced", () => {
  const plain = capabilities(loggedIn(new FakeMailboxes()));
  assert(!plain.includes("COMPRESS=DEFLATE"));
  assert(!plain.some((name) => name.startsWith("AUTH=") || name === "STARTTLS" || name === "LOGINDISABLED"));
  const stranger = capabilities(new Client(new FakeMailboxes()));
  assert(!stranger.includes("IDLE") && !stranger.includes("UNSELECT"));
  const clear = capabilities(new Client(new FakeMailboxes(), { tls: "none", plaintextLogin: true }));
  assert(clear.includes("AUTH=PLAIN") && !clear.includes("STARTTLS") && !clear.includes("LOGINDISABLED"));
});

Deno.test("capabilities of the OK to a login are those of CAPABILITY, and ENABLE changes none", () => {
  const client = new Client(new FakeMailboxes());
  client.perform(client.session.open());
  const [greeting] = say(client);
  assertEquals(/\[CAPABILITY (.*)\]/.exec(greeting!)?.[1]?.split(" "), capabilities(client));
  const told = say(client, "1 LOGIN anna secret")[0]!;
  assertEquals(/\[CAPABILITY (.*)\]/.exec(told)?.[1]?.split(" "), capabilities(client));
  const before = capabilities(client);
  say(client, "2 ENABLE CONDSTORE QRESYNC UTF8=ACCEPT IMAP4rev2");
  assertEquals(capabilities(client), before);
});

Deno.test("ENABLE names what it has enabled and passes over the rest", () => {
  const client = loggedIn(new FakeMailboxes());
  assertEquals(say(client, "1 ENABLE x-good-idea condstore"), ["* ENABLED CONDSTORE", "1 OK Done"]);
  assertEquals(say(client, "2 ENABLE X-GOOD-IDEA"), ["* ENABLED", "2 OK Done"]);
  assertEquals(say(client, "3 ENABLE IMAP4rev2 QRESYNC UTF8=ACCEPT"), [
    "* ENABLED IMAP4rev2 QRESYNC UTF8=ACCEPT",
    "3 OK Done",
  ]);
});

Deno.test("no inherited name is a command, and none enables anything", () => {
  const client = loggedIn(new FakeMailboxes());
  for (const name of ["constructor", "__proto__", "toString"]) {
    assertEquals(say(client, `1 ${name}`), ["1 BAD Unknown command"]);
    assertEquals(say(client, `2 ENABLE ${name}`), ["* ENABLED", "2 OK Done"]);
  }
});
