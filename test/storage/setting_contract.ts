import { assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import type { MailboxName } from "../../src/mail/mailbox_name.ts";
import { ANNA, BERT, kindOf, made, type Test } from "./support.ts";

/** What every mail store must do with annotations of mailboxes and rights in them. */
export function settingTests(test: Test): void {
  test("annotations and rights come out as they went in, by rising names", async ({ shard }) => {
    const large = Uint8Array.from({ length: 60_000 }, (_, i) => i % 251);
    assertEquals(await shard.setMetadata(ANNA, 0, [["/shared/b", large], ["/shared/a", new Uint8Array()]]), {
      type: "done",
    });
    assertEquals(shard.metadata(ANNA, 0), [["/shared/a", new Uint8Array()], ["/shared/b", large]]);
    await shard.setMetadata(ANNA, 0, [["/shared/b", utf8("short")], ["/shared/a", null], ["/nothing", null]]);
    assertEquals(shard.metadata(ANNA, 0), [["/shared/b", utf8("short")]]);
    assertEquals(await shard.setAcl(ANNA, 1, [["bert", "lrs"], ["-Ä", "l"]]), { type: "done" });
    assertEquals(shard.acl(ANNA, 1), [["-Ä", "l"], ["bert", "lrs"]]);
    assertEquals([shard.acl(ANNA, 2), shard.metadata(ANNA, 1), shard.acl(BERT, 1)], [[], [], []]);
    assertEquals(await shard.setMetadata(ANNA, 77, [["/x", utf8("y")]]), { type: "missing" });
  });

  test("mailboxes with rights beside them are found over all accounts, until nobody has any there", async ({ shard }) => {
    const number = await made(shard, "a");
    await shard.setMetadata(BERT, 1, [["/shared/a", utf8("no right")]]);
    await shard.setAcl(BERT, 2, [["anna", "l"], ["zoe", "r"]]);
    await shard.setAcl(ANNA, number, [["bert", "lr"]]);
    await shard.setAcl(ANNA, 1, [["bert", "lr"]]);
    const shared = () => shard.shared().map(({ account, mailbox }) => `${account} ${mailbox}`).sort();
    assertEquals(shared(), [`${ANNA} 1`, `${ANNA} ${number}`, `${BERT} 2`].sort());
    await shard.setAcl(ANNA, 1, [["bert", null]]);
    await shard.purge(BERT);
    assertEquals(shared(), [`${ANNA} ${number}`]);
  });

  test(
    "the settings of all mailboxes of an account have a bound, and a mailbox that goes makes room",
    async ({ shard }) => {
      const value = new Uint8Array(10);
      const number = await made(shard, "a");
      assertEquals(await shard.setMetadata(ANNA, 0, [["a", value]]), { type: "done" });
      assertEquals(await shard.setMetadata(ANNA, number, [["b", value]]), { type: "done" });
      assertEquals(await shard.setAcl(ANNA, 1, [["bert", "lrswipkxt"]]), { type: "limit" });
      assertEquals(await shard.setMetadata(BERT, 0, [["a", value]]), { type: "done" });
      assertEquals(await shard.setMetadata(ANNA, number, [["b", utf8("1")]]), { type: "done" });
      assertEquals(await shard.setAcl(ANNA, 1, [["b", "lrsw"]]), { type: "done" });
      await shard.removeMailbox(ANNA, "a" as MailboxName);
      assertEquals(await shard.setAcl(ANNA, 1, [["c", "lrs"]]), { type: "done" });
      await shard.purge(ANNA);
      assertEquals(await shard.setMetadata(ANNA, 0, [["a", new Uint8Array(19)]]), { type: "done" });
    },
    { accountSettingsBytesMax: 22 },
  );

  test("settings have bounds", async ({ shard }) => {
    const value = new Uint8Array(10);
    assertEquals(await shard.setMetadata(ANNA, 1, [["a", value], ["b", value]]), { type: "done" });
    assertEquals(await shard.setMetadata(ANNA, 1, [["c", value]]), { type: "limit" });
    assertEquals(await shard.setMetadata(ANNA, 1, [["a", null], ["c", value]]), { type: "done" });
    assertEquals(await shard.setMetadata(ANNA, 1, [["c", new Uint8Array(19)]]), { type: "limit" });
    assertEquals(await kindOf(() => shard.setMetadata(ANNA, 1, [["c", new Uint8Array(21)]])), "invalid");
    assertEquals(await kindOf(() => shard.setMetadata(ANNA, 1, [["", value]])), "invalid");
    assertEquals(await kindOf(() => shard.setMetadata(ANNA, 1, [["x".repeat(256), value]])), "invalid");
    assertEquals(await kindOf(() => shard.setAcl(ANNA, 0, [])), "invalid");
    assertEquals(await kindOf(() => shard.setAcl(ANNA, 1, [["bert", "l".repeat(129)]])), "invalid");
  }, { settingsMax: 2, settingBytesMax: 20, settingsBytesMax: 30 });
}
