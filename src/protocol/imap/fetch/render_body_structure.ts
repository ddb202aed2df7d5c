import {
  fieldLine,
  fieldText,
  type Parameter,
  type Part,
  readDisposition,
  readEncoding,
  readEnvelope,
  readLanguages,
} from "../../../mime/mod.ts";
import { renderEnvelope } from "./render_envelope.ts";
import { renderNstring, renderString } from "../write/render_string.ts";

/** A multipart without parts cannot be said (RFC 9051 §9: 1*body): it is shown with an empty one. */
const EMPTY_PART = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)';
const EMPTY_PART_EXTENDED = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)';

/** body (RFC 9051 §9) without extension data, as it follows the word BODY; one character for each byte. */
export function renderBody(part: Part): string {
  return render(part, false);
}

/** body (RFC 9051 §9) with extension data, as it follows the word BODYSTRUCTURE; one character for each byte. */
export function renderBodyStructure(part: Part): string {
  return render(part, true);
}

/** Goes as deep as parts lie in each other: PART_DEPTH_MAX at most. */
function render(part: Part, extended: boolean): string {
  return part.kind === "multipart" ? multipart(part, extended) : single(part, extended);
}

/** body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart] */
function multipart(part: Part, extended: boolean): string {
  let text = "(";
  for (const child of part.children) text += render(child, extended);
  if (part.children.length === 0) text += extended ? EMPTY_PART_EXTENDED : EMPTY_PART;
  text += ` ${renderString(part.subtype)}`;
  return extended ? `${text} ${parameters(part.parameters)} ${common(part)})` : `${text})`;
}

/** body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part] */
function single(part: Part, extended: boolean): string {
  const { type, subtype, fields, bodyStart, bodyEnd } = part;
  let text = `(${renderString(type)} ${renderString(subtype)} ${parameters(part.parameters)} ` +
    `${renderNstring(fieldLine(fields.contentId))} ${renderNstring(fieldText(fields.contentDescription))} ` +
    `${renderString(readEncoding(fields.contentTransferEncoding))} ${bodyEnd - bodyStart}`;
  const [message] = part.children;
  if (part.kind === "message" && message !== undefined) {
    text += ` ${renderEnvelope(readEnvelope(message.fields))} ${render(message, extended)} ${part.lines}`;
  } else if (type === "text") text += ` ${part.lines}`;
  return extended ? `${text} ${renderNstring(fieldLine(fields.contentMd5))} ${common(part)})` : `${text})`;
}

/** body-fld-dsp SP body-fld-lang SP body-fld-loc, behind body-fld-md5 (RFC 1864 §2) of a part that is no multipart. */
function common({ fields }: Part): string {
  if (fields.contentDisposition === null && fields.contentLanguage === null && fields.contentLocation === null) {
    return "NIL NIL NIL";
  }
  return `${disposition(fields.contentDisposition)} ${language(fields.contentLanguage)} ` +
    renderNstring(fieldLine(fields.contentLocation));
}

/** body-fld-param = "(" string SP string *(SP string SP string) ")" / nil */
function parameters(list: readonly Parameter[]): string {
  if (list.length === 0) return "NIL";
  let text = "";
  for (const [name, value] of list) text += `${text === "" ? "(" : " "}${renderString(name)} ${renderString(value)}`;
  return `${text})`;
}

/** body-fld-dsp = "(" string SP body-fld-param ")" / nil */
function disposition(field: string | null): string {
  const said = field === null ? null : readDisposition(field);
  return said === null ? "NIL" : `(${renderString(said.value)} ${parameters(said.parameters)})`;
}

/** body-fld-lang = nstring / "(" string *(SP string) ")" */
function language(field: string | null): string {
  const tags = field === null ? [] : readLanguages(field);
  return tags.length === 0 ? "NIL" : `(${tags.map(renderString).join(" ")})`;
}
