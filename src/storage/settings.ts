import { concat } from "../base/mod.ts";
import type { SettingEntry, SettingKind } from "./account_change.ts";
import type { IndexEnv } from "./index_env.ts";
import { allSettings, piecesOfSetting, readSettingName, settingKey } from "./keys.ts";
import { damaged } from "./values.ts";

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
  const found: [string, Uint8Array[]][] = [];
  for (const { key, value } of index.range({ ...allSettings(account, mailbox, kind), limit: Infinity })) {
    if (value[0] !== FORM) throw damaged("setting");
    const name = readSettingName(key);
    const last = found.at(-1);
    if (last?.[0] === name) last[1].push(value.subarray(1));
    else found.push([name, [value.subarray(1)]]);
  }
  return found.map(([name, pieces]) => [name, concat(pieces)]);
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
