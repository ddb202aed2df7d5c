import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import type { Random } from "../../src/base/mod.ts";
import { latin1 } from "./latin1.ts";

/** What a letter is to look like. */
export interface LetterOptions {
  /** Appears in the header `X-Letter`; letters, digits and dashes. */
  readonly id: string;
  /** Bytes of the body, about. */
  readonly bodyBytes: number;
  /** Octets above 127 in the body (8BITMIME). */
  readonly eightBit?: boolean;
  readonly from?: string;
  readonly to?: string;
}

const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");

/** A message with CRLF line ends, lines that begin with dots, and a body that chance has made. */
export function makeLetter(random: Random, options: LetterOptions): Uint8Array {
  const { id, bodyBytes, eightBit = false, from = "sender@elsewhere.test", to = "reader@smith.test" } = options;
  const head = [
    `From: <${from}>`,
    `To: <${to}>`,
    `Subject: letter ${id}`,
    `Date: Mon, 05 Jan 2026 09:00:00 +0000`,
    `Message-ID: <${id}@elsewhere.test>`,
    `X-Letter: ${id}`,
    "MIME-Version: 1.0",
    `Content-Type: text/plain; charset=${eightBit ? "utf-8" : "us-ascii"}`,
    `Content-Transfer-Encoding: ${eightBit ? "8bit" : "7bit"}`,
    "",
    "",
  ];
  return Buffer.from(head.join("\r\n") + bodyOf(random, bodyBytes, eightBit), "utf8");
}

function bodyOf(random: Random, bytes: number, eightBit: boolean): string {
  const lines = [".", "..", ".dot first", "", "From the start", "  space first"];
  if (eightBit) lines.push("Grüße aus Köln — привет, 世界");
  let length = lines.reduce((sum, line) => sum + line.length + 2, 0);
  while (length < bytes) {
    const line = randomLine(random, Math.min(76, Math.max(1, bytes - length - 2)));
    lines.push(line);
    length += line.length + 2;
  }
  return `${lines.join("\r\n")}\r\n`;
}

function randomLine(random: Random, length: number): string {
  let line = "";
  for (const byte of random.bytes(length)) line += PRINTABLE[byte % 94];
  return line;
}

/** The id in a stored letter, or null. */
export function letterId(message: Uint8Array): string | null {
  const head = latin1(message.subarray(0, 4_096));
  return /^X-Letter: ([\w-]+)\r$/m.exec(head)?.[1] ?? null;
}

/** Hex SHA-256. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What the server put before a message, and the message as it was sent. */
export interface KeptMessage {
  readonly trace: string;
  readonly content: Uint8Array;
}

const TRACE = /^Return-Path: <[^\r\n]*>\r\nReceived: [^\r\n]+\r\n(?:[ \t][^\r\n]+\r\n)*/;

/** Takes off the Return-Path and Received fields (RFC 5321 §4.4); fails when they are not there. */
export function keptMessage(stored: Uint8Array): KeptMessage {
  const text = latin1(stored);
  const trace = TRACE.exec(text)?.[0];
  assert(trace !== undefined, `no Return-Path and Received before: ${text.slice(0, 300)}`);
  return { trace, content: stored.subarray(trace.length) };
}

/** Asserts that a stored message is, behind our trace fields, byte for byte what was sent. */
export function assertKept(stored: Uint8Array, sent: Uint8Array): void {
  assertEquals(latin1(keptMessage(stored).content), latin1(sent));
}
