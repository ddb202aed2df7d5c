import { assertEquals, assertRejects } from "@std/assert";
import { PolicyTexts, type TextMessage } from "../../../src/actors/mailbox/search/mod.ts";
import { textActor } from "../../../src/actors/policy/text_actor.ts";
import { Failure, utf8 } from "../../../src/base/mod.ts";
import { casemap } from "../../../src/mime/mod.ts";
import type { TextProtocol } from "../../../src/messages/mod.ts";
import { Simulation } from "../../../src/runtime/mod.ts";

interface World {
  readonly sim: Simulation;
  readonly texts: PolicyTexts;
  /** What an ask comes to, while the simulation runs. */
  settled<T>(work: Promise<T>): Promise<T>;
}

async function inWorld(run: (world: World) => Promise<void>): Promise<void> {
  const sim = new Simulation({ seed: 1 });
  await sim.worker("policy", async ({ system }) => {
    await system.spawn(textActor, { name: "text", args: undefined });
  });
  const system = await sim.worker("mailbox-0");
  const texts = new PolicyTexts(system.ref<TextProtocol>({ node: "local", worker: "policy", actor: "text" }));
  const settled = async <T>(work: Promise<T>) => {
    let done = false;
    const ended = () => void (done = true);
    work.then(ended, ended);
    await sim.run({ until: () => done });
    return await work;
  };
  await run({ sim, texts, settled });
  await sim.close();
}

function message(content: string, body: string): TextMessage & { reads: number } {
  const bytes = utf8(`Subject: Hello\r\n\r\n${body}\r\n`);
  const made = {
    content,
    size: bytes.length,
    reads: 0,
    read(length: number) {
      made.reads++;
      return bytes.slice(0, length);
    },
  };
  return made;
}

Deno.test("texts come from the policy worker once, and are kept", () =>
  inWorld(async ({ texts, settled }) => {
    const [one, two] = [message("0/1", "Some TEXT"), message("0/2", "other")];
    const { header, body } = await settled(texts.texts(one));
    assertEquals([header, body.trim()], [casemap("Subject: Hello\n"), casemap("Some text")]);
    await settled(texts.texts(two));
    assertEquals((await settled(texts.texts(one))).body, body);
    assertEquals([one.reads, two.reads], [1, 1]);
  }));

Deno.test("texts that were used longest ago make room, and very long ones are not kept", () =>
  inWorld(async ({ texts, settled }) => {
    const first = message("0/0", "a");
    await settled(texts.texts(first));
    const long = message("0/long", "x".repeat(1_200_000));
    for (let i = 0; i < 2; i++) await settled(texts.texts(long));
    assertEquals(long.reads, 2);
    const many = Array.from({ length: 40 }, (_, i) => message(`0/${i + 1}`, "x".repeat(500_000)));
    for (const each of many) await settled(texts.texts(each));
    await settled(texts.texts(many.at(-1)!));
    assertEquals(many.at(-1)!.reads, 1);
    await settled(texts.texts(first));
    assertEquals(first.reads, 2);
  }));

Deno.test("when the policy worker is lost, a search fails and can be asked again", () =>
  inWorld(async ({ sim, texts, settled }) => {
    const one = message("0/1", "text");
    const asked = texts.texts(one);
    sim.kill("policy");
    assertEquals((await assertRejects(() => settled(asked), Failure)).kind, "down");
    await sim.restart("policy");
    assertEquals((await settled(texts.texts(one))).body.trim(), casemap("text"));
  }));
