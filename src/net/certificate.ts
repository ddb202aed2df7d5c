import { X509Certificate } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../base/mod.ts";
import { selfSignedCertificate } from "./self_signed.ts";
import { type CertificatePair, createTlsContext } from "./tls_context.ts";

/**
 * The certificate to serve with: the two given files, or `dir/cert.pem` and `dir/key.pem`, made and kept there when absent.
 * For main only, which may write files. Throws a Failure: `not_found`, `invalid`, `refused` (directory not ours), `disk`.
 */
export async function loadOrMakeCertificate(
  options: {
    readonly dir: string;
    readonly certPath?: string;
    readonly keyPath?: string;
    readonly hostname: string;
  },
): Promise<CertificatePair & { readonly made: boolean }> {
  if ((options.certPath === undefined) !== (options.keyPath === undefined)) {
    throw new Failure("invalid", "give both the certificate and the key file, or neither");
  }
  const certPath = options.certPath ?? join(options.dir, "cert.pem");
  const keyPath = options.keyPath ?? join(options.dir, "key.pem");
  if (options.certPath === undefined && (!present(certPath) || !present(keyPath))) {
    const names = [...new Set([options.hostname, "localhost", "127.0.0.1", "::1"])];
    const pair = await selfSignedCertificate({ names, days: 3_650 });
    makePrivateDirectory(options.dir);
    writeAtomically(keyPath, pair.key, 0o600);
    writeAtomically(certPath, pair.cert, 0o644);
    return { ...pair, made: true };
  }
  const pair = { cert: readPem(certPath), key: readPem(keyPath) };
  createTlsContext(pair); // Refuses what does not load or match, with a Failure.
  return { ...pair, made: false };
}

/** The certificates of authorities, as PEM text. For main only, which may read files. Throws a Failure: `not_found`, `invalid`. */
export function loadAuthorities(path: string): string {
  const pem = readPem(path);
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch (cause) {
    throw new Failure("invalid", `${path} holds a certificate that cannot be read`, { cause });
  }
  if (blocks.length === 0) throw new Failure("invalid", `${path} holds no certificate`);
  return pem;
}

/**
 * Makes the directory with mode 0700, or throws a `refused` Failure when what is there is not a directory, not ours or open to
 * others. It is never made private behind its owner's back: it might be a home directory.
 */
export function makePrivateDirectory(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const found = lstatSync(dir);
  if (!found.isDirectory()) throw new Failure("refused", `${dir} is not a directory`);
  const uid = process.geteuid?.();
  if (uid !== undefined && found.uid !== uid) throw new Failure("refused", `${dir} belongs to another user`);
  if ((found.mode & 0o077) !== 0) throw new Failure("refused", `${dir} is open to others: chmod 700 it`);
}

function writeAtomically(path: string, text: string, mode: number): void {
  const fresh = `${path}.new`;
  try {
    rmSync(fresh, { force: true });
    // "wx": never through a link that somebody else put there.
    writeFileSync(fresh, text, { mode, flag: "wx", flush: true });
    renameSync(fresh, path);
  } catch (cause) {
    throw new Failure("disk", `cannot write ${path}`, { cause });
  }
}

function present(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Failure("not_found", `cannot read ${path}`, { cause });
  }
}
