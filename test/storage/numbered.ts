/** Messages delivered at once by the child process. */
export const COUNT_A_ROUND = 8;

export function opIdOf(number: number): string {
  return `op-${String(number).padStart(8, "0")}`;
}

/** A message that tells its number; its length varies up to 20 KB. */
export function bodyOf(number: number): string {
  const line = `message ${opIdOf(number)}\r\n`;
  return line.repeat(1 + (number * 7919) % 800);
}

/** The number in a body, or null when it is not one of ours, byte for byte. */
export function numberOf(body: string): number | null {
  const number = Number(/^message op-(\d{8})\r\n/.exec(body)?.[1] ?? Number.NaN);
  return body === bodyOf(number) ? number : null;
}
