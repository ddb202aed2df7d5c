/** How a command ended: what its tagged line says (RFC 9051 §7.1). `code` stands in brackets, without them. */
export interface Completion {
  readonly type: "ok" | "no" | "bad";
  readonly code?: string | undefined;
  readonly text: string;
  /** Counted as an error, though it is no BAD. */
  readonly counted?: boolean;
  /** The tagged line has been sent already. */
  readonly silent?: boolean;
  /** The session ends behind it. */
  readonly closes?: boolean;
}

/** The command was done. */
export function ok(text = "Done", code?: string): Completion {
  return { type: "ok", code, text };
}

/** The command cannot be done. */
export function no(text: string, code?: string): Completion {
  return { type: "no", code, text };
}

/** The command makes no sense; counted. */
export function bad(text: string, code?: string): Completion {
  return { type: "bad", code, text };
}

/** A password would have crossed the wire in the clear, or has: who goes on so is sent away. */
export const PRIVACY_REQUIRED: Completion = { ...no("Start TLS first", "PRIVACYREQUIRED"), counted: true };

/** The line that ends a command. */
export function taggedLine(tag: string, { type, code, text }: Completion): string {
  return `${tag} ${statusText(type, text, code)}`;
}

/** A status line that belongs to no command. */
export function untaggedStatus(type: "ok" | "no" | "bad" | "bye", text: string, code?: string): string {
  return `* ${statusText(type, text, code)}`;
}

function statusText(type: string, text: string, code: string | undefined): string {
  return `${type.toUpperCase()} ${code === undefined ? "" : `[${code}] `}${text}\r\n`;
}
