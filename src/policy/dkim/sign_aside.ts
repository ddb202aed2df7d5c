import { latin1Bytes } from "../../base/mod.ts";
import { dkimFields, filled, signatureOf, type Signer } from "./sign.ts";
import type { Signable } from "./signable.ts";

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;

/** A signer that takes its time elsewhere. */
export interface AsideSigner extends Signer {
  /** The same key for another thread, where a signature takes more than a millisecond; null where it does not. */
  readonly aside: CryptoKey | null;
}

/** The signer with its key for another thread, if it is RSA: an Ed25519 signature takes less time than the way there. */
export async function aside(signer: Signer): Promise<AsideSigner> {
  if (signer.algorithm !== "rsa-sha256") return { ...signer, aside: null };
  const der = Uint8Array.from(signer.key.export({ type: "pkcs8", format: "der" }));
  return { ...signer, aside: await crypto.subtle.importKey("pkcs8", der, RSA, false, ["sign"]) };
}

/** What `signDkim` makes, while others of the worker have their turn. Rejects with what it throws. */
export async function signDkimAside(
  message: Signable,
  signers: readonly AsideSigner[],
  nowSeconds: number,
): Promise<string[]> {
  return await Promise.all(
    dkimFields(message, signers, nowSeconds).map(async ({ bare, text, signer }) => {
      if (signer.aside === null) return filled(bare, signatureOf(text, signer));
      return filled(bare, new Uint8Array(await crypto.subtle.sign(RSA.name, signer.aside, latin1Bytes(text).slice())));
    }),
  );
}
