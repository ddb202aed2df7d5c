/** A request with a body. */
export interface PostRequest {
  /** Whom the Host field names. */
  readonly host: string;
  readonly path: string;
  /** Fields in their order; a name may come several times. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Bytes of the body. */
  readonly bodyBytes: number;
}

/** Longest value of a field, in UTF-16 units. */
const VALUE_CHARS_MAX = 4_096;

/**
 * The head of a POST with the empty line behind it, to be sent as UTF-8. It is a request of HTTP/1.0: so the answer cannot come in
 * chunks (RFC 9112 §6.1), and the connection ends with it. Nothing in a value can end or add a field.
 */
export function postHead({ host, path, fields, bodyBytes }: PostRequest): string {
  const lines = [
    `POST ${path} HTTP/1.0`,
    ...[["Host", host] as const, ...fields].map(([name, value]) => `${name}: ${fieldValue(value)}`),
    `Content-Length: ${bodyBytes}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** What is a control character becomes `?`: no value splits the request (RFC 9112 §11.1). */
function fieldValue(value: string): string {
  // deno-lint-ignore no-control-regex
  return value.slice(0, VALUE_CHARS_MAX).replace(/[\u0000-\u001f\u007f]/g, "?");
}
