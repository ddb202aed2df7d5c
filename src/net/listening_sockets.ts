/** SOL_SOCKET and what is asked of it (Linux, asm-generic/socket.h). */
const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const SO_COOKIE = 57;
const AF_INET = 2;
const AF_INET6 = 10;
const SHUT_RDWR = 2;

/** The scan of descriptors ends after this many numbers in a row that are not open. */
const GAP_MAX = 8_192;

interface Libc {
  getsockopt(
    fd: number,
    level: number,
    name: number,
    value: Uint8Array<ArrayBuffer>,
    length: Uint8Array<ArrayBuffer>,
  ): number;
  shutdown(fd: number, how: number): number;
}

/**
 * The listening TCP sockets of this process, whichever thread opened them. Deno 2.9 does not stop a worker that runs in
 * circles: its thread and its sockets live on after `terminate()`, and the kernel goes on handing it new connections. So
 * the main thread must be able to shut a socket that it does not hold. By libc, as no module of Deno or Node can do this;
 * null where that is not to be had (Bun, other systems, no ffi permission).
 */
export class ListeningSockets {
  readonly #value = new Uint8Array(8);
  readonly #length = new Uint8Array(4);
  private constructor(private readonly libc: Libc) {}

  static open(): ListeningSockets | null {
    if (!("Deno" in globalThis) || Deno.build.os !== "linux") return null;
    try {
      const { symbols } = Deno.dlopen("libc.so.6", {
        getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
        shutdown: { parameters: ["i32", "i32"], result: "i32" },
      });
      return new ListeningSockets(symbols);
    } catch {
      return null;
    }
  }

  /** Each socket's cookie, a number that the kernel gives once and never again, with its descriptor. */
  list(): Map<bigint, number> {
    const found = new Map<bigint, number>();
    for (let fd = 0, gap = 0; gap < GAP_MAX; fd++, gap++) {
      const domain = this.#option(fd, SO_DOMAIN, 4);
      if (domain === null) continue;
      gap = 0;
      if (domain !== BigInt(AF_INET) && domain !== BigInt(AF_INET6)) continue;
      if (this.#option(fd, SO_ACCEPTCONN, 4) !== 1n) continue;
      const cookie = this.#option(fd, SO_COOKIE, 8);
      if (cookie !== null) found.set(cookie, fd);
    }
    return found;
  }

  /** Shuts those that are still there: they take no connection any more, and what waits in them is reset. How many it were. */
  shut(cookies: ReadonlySet<bigint>): number {
    let count = 0;
    for (const [cookie, fd] of this.list()) {
      if (cookies.has(cookie) && this.libc.shutdown(fd, SHUT_RDWR) === 0) count++;
    }
    return count;
  }

  #option(fd: number, name: number, bytes: 4 | 8): bigint | null {
    new DataView(this.#length.buffer).setUint32(0, bytes, true);
    if (this.libc.getsockopt(fd, SOL_SOCKET, name, this.#value, this.#length) !== 0) return null;
    const view = new DataView(this.#value.buffer);
    return bytes === 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
  }
}
