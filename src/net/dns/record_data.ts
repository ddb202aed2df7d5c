import { formatIp, latin1, type MxRecord, type TlsaRecord } from "../../base/mod.ts";
import { type Message, type QuestionType, uint16, type WireRecord } from "./message.ts";
import { malformed, readName } from "./wire_name.ts";

/** What the records of each type say. */
export interface RecordData {
  readonly A: string;
  readonly AAAA: string;
  readonly CNAME: string;
  readonly MX: MxRecord;
  readonly PTR: string;
  readonly TLSA: TlsaRecord;
  readonly TXT: string;
}

/** Reads the data of one record; all of it must be used. Throws a Failure (`dns`). */
type ReadData<T> = (message: Message, record: WireRecord, limits: { readonly textBytesMax: number }) => T;

/** How the data of each type is read. */
export const READ_DATA: { readonly [T in QuestionType]: ReadData<RecordData[T]> } = {
  /** RFC 1035 §3.4.1. */
  A: (message, record) => formatIp(octets(message, record, 4)),
  /** RFC 3596 §2.2. */
  AAAA: (message, record) => formatIp(octets(message, record, 16)),
  CNAME: readAlias,
  /** RFC 1035 §3.3.9. */
  MX: (message, record) => ({
    preference: uint16(octets(message, record), 0),
    exchange: nameIn(message, record, 2),
  }),
  /** RFC 1035 §3.3.12. */
  PTR: (message, record) => nameIn(message, record, 0),
  /** RFC 6698 §2.1. */
  TLSA(message, record) {
    const data = octets(message, record);
    if (data.length < 3) throw malformed("a TLSA record of less than three octets");
    // A copy: it shall not keep the packet in memory.
    return { usage: data[0]!, selector: data[1]!, matching: data[2]!, data: data.slice(3) };
  },
  TXT: readText,
};

/** The name that an alias stands for (RFC 1035 §3.3.1). */
export function readAlias(message: Message, record: WireRecord): string {
  return nameIn(message, record, 0);
}

/** How long "no" may be kept, in seconds: the lesser of the TTL and the MINIMUM of the SOA record (RFC 2308 §5). */
export function readNegativeTtl(message: Message, record: WireRecord): number {
  const server = readName(message.bytes, record.start);
  const mailbox = readName(message.bytes, server.end);
  if (mailbox.end + 20 !== record.end) throw malformed("a SOA record of a wrong length");
  const at = mailbox.end + 16;
  return Math.min(
    clampTtl(record.ttlSeconds),
    clampTtl(uint16(message.bytes, at) * 65_536 + uint16(message.bytes, at + 2)),
  );
}

/** A TTL has 31 bits; with the highest bit set it counts as 0 (RFC 2181 §8). */
export function clampTtl(seconds: number): number {
  return seconds > 0x7fff_ffff ? 0 : seconds;
}

/** The strings of one record, joined (RFC 1035 §3.3.14, RFC 7208 §3.3). */
function readText(message: Message, record: WireRecord, limits: { readonly textBytesMax: number }): string {
  const data = octets(message, record);
  if (data.length > limits.textBytesMax) throw malformed(`a TXT record of more than ${limits.textBytesMax} octets`);
  if (data.length === 0) throw malformed("a TXT record without a string");
  let text = "";
  for (let at = 0; at < data.length;) {
    const end = at + 1 + data[at]!;
    if (end > data.length) throw malformed("a string goes beyond its record");
    text += latin1(data.subarray(at + 1, end));
    at = end;
  }
  return text;
}

function octets({ bytes }: Message, { start, end }: WireRecord, length = end - start): Uint8Array {
  if (end - start !== length) throw malformed("a record of a wrong length");
  return bytes.subarray(start, end);
}

/** The name that makes up the rest of a record, `offset` octets from its start. */
function nameIn({ bytes }: Message, { start, end }: WireRecord, offset: number): string {
  const name = readName(bytes, start + offset);
  if (name.end !== end) throw malformed("a name does not fill its record");
  return name.text;
}
