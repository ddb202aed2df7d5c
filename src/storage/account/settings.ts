import { concat, utf8 } from "../../base/mod.ts";
import { Setting, type SettingEntry, type SettingKind } from "./change.ts";
import type { IndexEnv } from "../disk/index_env.ts";
import { allSettings, piecesOfSetting, readSettingName, settingKey, settingsTotalKey } from "../layout/keys.ts";
import { getU48, putU48 } from "../layout/pack.ts";
import { damaged } from "../layout/values.ts";

/** Bytes of one row of a setting; the first octet is its form. */
const PIECE_BYTES = 1_900;
const FORM = 1;

/** All settings of one kind beside a mailbox, by rising names. */
export function readSettings(
  index: IndexEnv,
  account: string,
  mailbox: number,
  kind: SettingKind,
): [name: string, value: Uint8Array][] {
  const rows = index.range({ ...allSettings(account, mailbox, kind), limit: Infinity });
  return readPieces(rows).map(([key, value]) => [readSettingName(key), value]);
}

/** Values out of rows in order: each under the key of its first piece. */
export function readPieces(
  rows: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
): [key: Uint8Array, value: Uint8Array][] {
  const found: [Uint8Array, Uint8Array[]][] = [];
  for (const { key, value } of rows) {
    if (value[0] !== FORM) throw damaged("setting");
    // The number of a piece is the last octet.
    if (key.at(-1) === 0) found.push([key, [value.subarray(1)]]);
    else found.at(-1)?.[1].push(value.subarray(1));
  }
  return found.map(([key, pieces]) => [key, concat(pieces)]);
}

/** Writes one setting over what it was, or takes it away. */
export function putSetting(
  index: IndexEnv,
  at: { readonly account: string; readonly mailbox: number; readonly setting: SettingKind },
  [name, value]: SettingEntry,
): void {
  const { account, mailbox, setting } = at;
  for (const { key } of index.range({ ...piecesOfSetting(account, mailbox, setting, name), limit: Infinity })) {
    index.remove(key);
  }
  if (value === null) return;
  const pieces = Math.max(1, Math.ceil(value.length / PIECE_BYTES));
  for (let part = 0; part < pieces; part++) {
    const bytes = value.subarray(part * PIECE_BYTES, (part + 1) * PIECE_BYTES);
    const row = new Uint8Array(1 + bytes.length);
    row[0] = FORM;
    row.set(bytes, 1);
    index.put(settingKey(account, mailbox, setting, name, part), row);
  }
}

/** Bytes of settings with their names. */
export function settingsBytes(entries: Iterable<readonly [name: string, value: Uint8Array]>): number {
  let bytes = 0;
  for (const [name, value] of entries) bytes += utf8(name).length + value.length;
  return bytes;
}

/** Bytes of all settings of a mailbox. */
export function mailboxSettingsBytes(index: IndexEnv, account: string, mailbox: number): number {
  const kinds = Object.values(Setting);
  return kinds.reduce((sum, kind) => sum + settingsBytes(readSettings(index, account, mailbox, kind)), 0);
}

/** Bytes of all settings of an account. */
export function settingsTotal(index: IndexEnv, account: string): number {
  const stored = index.get(settingsTotalKey(account));
  return stored === undefined ? 0 : getU48(stored, 0);
}

/** The settings of an account are so many bytes more. */
export function growSettings(index: IndexEnv, account: string, bytes: number): void {
  if (bytes === 0) return;
  const total = Math.max(0, settingsTotal(index, account) + bytes);
  if (total === 0) return index.remove(settingsTotalKey(account));
  const row = new Uint8Array(6);
  putU48(row, 0, total);
  index.put(settingsTotalKey(account), row);
}
