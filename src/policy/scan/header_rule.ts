import { type HeaderField, valueOf } from "../header/mod.ts";

/** Which field, and which value, makes a mail junk. */
export interface HeaderRule {
  /** In lower case. */
  readonly name: string;
  /** In lower case. */
  readonly value: string;
  /** Whether the value is only how it begins. */
  readonly prefix: boolean;
}

/** `Name: value`, or `Name: beginning*`; null when it is neither. Upper and lower case are one. */
export function parseHeaderRule(text: string): HeaderRule | null {
  const [, name, given] = /^([!-9;-~]{1,76}):[ \t]*([ -~]{1,200})$/.exec(text) ?? [];
  if (name === undefined || given === undefined) return null;
  const prefix = given.endsWith("*");
  const value = (prefix ? given.slice(0, -1) : given).trim().toLowerCase();
  return value === "" ? null : { name: name.toLowerCase(), value, prefix };
}

/** Whether one of the fields fulfils one of the rules. */
export function matchesRule(fields: readonly HeaderField[], rules: readonly HeaderRule[]): boolean {
  return fields.some((field) =>
    rules.some(({ name, value, prefix }) => {
      if (field.name !== name) return false;
      const found = valueOf(field).replace(/\r\n/g, "").trim().toLowerCase();
      return prefix ? found.startsWith(value) : found === value;
    })
  );
}
