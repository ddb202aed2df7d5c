import type { PartialBytes, Section } from "../grammar/ast_fetch.ts";
import { renderString } from "../write/render_string.ts";

/** `BODY[1.HEADER.FIELDS (DATE FROM)]<0>`, as it is named in the response (RFC 9051 §9 msg-att-static). */
export function sectionLabel({ part, text, fields }: Section, partial: PartialBytes | null): string {
  const words = part.map(String);
  if (text !== null) words.push(fields.length === 0 ? text : `${text} (${fields.map(fieldName).join(" ")})`);
  return `BODY[${words.join(".")}]${originOf(partial)}`;
}

/** `BINARY[1.2]<0>` (RFC 3516 §4.3). */
export function binaryLabel(part: readonly number[], partial: PartialBytes | null): string {
  return `BINARY[${part.join(".")}]${originOf(partial)}`;
}

function originOf(partial: PartialBytes | null): string {
  return partial === null ? "" : `<${partial.offset}>`;
}

/** header-fld-name = astring */
function fieldName(name: string): string {
  return /^[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|}~]+$/.test(name) ? name : renderString(name);
}
