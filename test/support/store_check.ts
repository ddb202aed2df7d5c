import { assertEquals } from "@std/assert";
import type { TestServer } from "./server.ts";

/** What `storage.verify` answers, as far as tests look at it. */
interface Verified {
  readonly messages: number;
  readonly problems: readonly unknown[];
}

/** Reads every stored body by way of the control socket and asserts that no checksum or structure is wrong. */
export async function assertStoreSound(server: TestServer): Promise<number> {
  const { messages, problems } = await server.rpc<Verified>("storage.verify");
  assertEquals(problems, []);
  return messages;
}
