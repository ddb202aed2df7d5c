/** The client's side of SCRAM (RFC 5802, RFC 7677), for tests. */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

export interface ScramClientOptions {
  readonly user: string;
  readonly password: string;
  readonly hash: "SHA-1" | "SHA-256";
  readonly nonce: string;
  /** `tls-server-end-point` of the certificate the client has seen: it then speaks -PLUS. */
  readonly binding?: Uint8Array;
  /** Without a binding: whether the client could bind. */
  readonly flag?: "n" | "y";
}

export class ScramClient {
  readonly first: string;
  readonly #bare: string;
  readonly #header: string;
  #signature = "";

  constructor(private readonly options: ScramClientOptions) {
    const { user, nonce, binding, flag = "n" } = options;
    this.#header = `${binding === undefined ? flag : "p=tls-server-end-point"},,`;
    this.#bare = `n=${user.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
    this.first = this.#header + this.#bare;
  }

  /** The answer to the server's first message. */
  final(serverFirst: string, said: { header?: string; nonce?: string } = {}): string {
    const { password, hash, binding } = this.options;
    const [, given, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst)!;
    const { header = this.#header, nonce = given! } = said;
    const [digest, bytes] = hash === "SHA-1" ? ["sha1", 20] : ["sha256", 32];
    const hmac = (key: Uint8Array, text: string) => createHmac(digest, key).update(text).digest();
    const salted = pbkdf2Sync(
      password,
      Uint8Array.from(atob(salt!), (c) => c.charCodeAt(0)),
      Number(iterations),
      bytes,
      digest,
    );
    const clientKey = hmac(salted, "Client Key");
    const storedKey = createHash(digest).update(clientKey).digest();
    const channel = btoa(header + String.fromCharCode(...(binding ?? [])));
    const withoutProof = `c=${channel},r=${nonce}`;
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`;
    const signature = hmac(storedKey, authMessage);
    const proof = clientKey.map((byte, i) => byte ^ signature[i]!);
    this.#signature = `v=${hmac(hmac(salted, "Server Key"), authMessage).toString("base64")}`;
    return `${withoutProof},p=${btoa(String.fromCharCode(...proof))}`;
  }

  /** Whether the server's last message shows that it knows the account. */
  verifies(serverFinal: string): boolean {
    return serverFinal === this.#signature;
  }
}
