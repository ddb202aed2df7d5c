import { assertEquals } from "@std/assert";
import { mailboxActorName } from "../../../src/actors/mailbox_refs.ts";
import type { MailboxWorkerConfig } from "../../../src/actors/mailbox/mod.ts";
import { POLICY_DEFAULTS, type PolicyWorkerConfig } from "../../../src/actors/policy/mod.ts";
import { SILENT, systemClock, systemRandom, utf8 } from "../../../src/base/mod.ts";
import type { AccountId } from "../../../src/mail/account.ts";
import type { DomainName } from "../../../src/mail/domain.ts";
import { INBOX_NAME } from "../../../src/mail/mailbox_name.ts";
import type { MailboxProtocol, MailboxSubscriberProtocol } from "../../../src/messages/mod.ts";
import { createSupervisor, defineActor } from "../../../src/runtime/mod.ts";
import { eventually } from "../../support/eventually.ts";

const RESTART = { intensityMax: 1, periodMs: 10_000, backoffMs: [20, 200] as const };
const NET_ONLY = { net: true, read: false, write: false, ffi: false, env: ["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] };

const MAIL = utf8(
  [
    "From: Anna <anna@b.test>",
    "Subject: =?utf-8?Q?F=C3=BCr_dich?=",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    "RGVyIFp1ZyBmw6RocnQgdW0gbmV1bi4=",
    "",
  ].join("\r\n"),
);

const FRONT = defineActor<MailboxSubscriberProtocol, null>({
  restart: "permanent",
  inboxMax: 100,
  init: () => null,
  receive: { "mailbox.stirred": () => {} },
});

Deno.test("a mailbox worker that has no network searches texts that a worker without files takes out", async () => {
  const dataDir = await Deno.makeTempDir();
  const files = { net: false, read: true, write: [dataDir], ffi: true, env: true, sys: true, run: false };
  const mailboxes: MailboxWorkerConfig = {
    dataDir,
    placement: { shardCount: 1, mailboxWorkers: 1 },
    shards: [0],
    minFreeBytes: 0,
    flush: "always",
    faultInjection: false,
  };
  const policy: PolicyWorkerConfig = {
    settings: { ...POLICY_DEFAULTS, authservId: "mx.here.test" },
    dns: { servers: ["127.0.0.1:9"], trustAd: false },
    listKey: new Uint8Array(32),
    faultInjection: false,
  };
  const specOf = (name: string, script: string, permissions: typeof NET_ONLY | typeof files, config: unknown) => ({
    name,
    url: new URL(`../../../workers/${script}.ts`, import.meta.url),
    permissions,
    restart: RESTART,
    strategy: "one-for-one" as const,
    config,
  });
  const supervisor = createSupervisor({
    specs: [specOf("mailbox-0", "mailbox", files, mailboxes), specOf("policy", "policy", NET_ONLY, policy)],
    clock: systemClock(),
    log: SILENT,
    random: systemRandom(),
    logLevel: "error",
    onFatal: (error) => {
      throw error;
    },
  });
  await supervisor.start();
  try {
    const { system } = supervisor;
    const front = await system.spawn(FRONT, { name: "front", args: undefined });
    const actor = mailboxActorName("smith.test" as DomainName);
    const mailbox = system.ref<MailboxProtocol>({ node: "local", worker: "mailbox-0", actor });
    const account = "john1" as AccountId;
    const targets = [{ account, quotaBytes: 0 }];
    await mailbox.ask("mailbox.deliver", { opId: "op/1", targets, parts: [MAIL] });
    await mailbox.ask("mailbox.deliver", { opId: "op/2", targets, parts: [utf8("Subject: x\r\n\r\nNichts.\r\n")] });
    const opened = await mailbox.ask("mailbox.open", {
      account,
      name: INBOX_NAME,
      readOnly: true,
      since: null,
      subscriber: front.address,
      session: "s1",
      quotaBytes: 0,
    });
    assertEquals(opened.type, "opened");
    const { view } = opened as Extract<typeof opened, { type: "opened" }>;
    const find = async (program: MailboxProtocol["mailbox.search"]["request"]["program"]) => {
      const { found } = await mailbox.ask("mailbox.search", { account, view, program, save: "none", modSeq: false });
      return found.map(({ uid, count }) => [uid as number, count]);
    };
    // The first search may come before the two workers have met.
    assertEquals(await eventually("a search", () => find({ type: "body", text: "FÄHRT um" })), [[1, 1]]);
    assertEquals(await find({ type: "text", text: "für dich" }), [[1, 1]]);
    assertEquals(await find({ type: "header", field: "subject", text: "FÜR" }), [[1, 1]]);
    assertEquals(await find({ type: "not", of: { type: "body", text: "zug" } }), [[2, 1]]);
  } finally {
    await supervisor.stop(2_000);
    await Deno.remove(dataDir, { recursive: true });
  }
});
