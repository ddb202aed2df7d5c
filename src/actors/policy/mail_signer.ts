import type { Clock } from "../../base/mod.ts";
import type { DirectoryProtocol, PolicyProtocol } from "../../messages/mod.ts";
import { type AsideSigner, signDkim, signDkimAside } from "../../policy/dkim/mod.ts";
import type { Ref } from "../../runtime/types.ts";
import { Gate } from "./gate.ts";
import { SigningKeys } from "./signing_keys.ts";

/** Mails that wait for RSA while others have it: what the inbox lets in. */
const WAITING_MAX = 10_000;
/** Longest such wait, in ms: whoever asks has given up then. */
const WAIT_MS_MAX = 20_000;

/** Signs what goes out: at once where that is quick; RSA, which takes more than a millisecond, on other threads, one for each core. */
export class MailSigner {
  readonly keys: SigningKeys;
  readonly #rsa: Gate;

  constructor({ directory, clock }: { readonly directory: Ref<DirectoryProtocol>; readonly clock: Clock }) {
    this.keys = new SigningKeys(directory, clock);
    const checksMax = navigator.hardwareConcurrency;
    this.#rsa = new Gate({ checksMax, waitingMax: WAITING_MAX, bytesMax: Infinity, waitMsMax: WAIT_MS_MAX }, clock);
  }

  /** One field for each key. Throws or rejects with Failure, as `policy.sign` says. */
  sign(
    request: PolicyProtocol["policy.sign"]["request"],
    nowSeconds: number,
  ): readonly string[] | Promise<readonly string[]> {
    const signers = this.keys.ready(request);
    if (signers === null) {
      return this.keys.signers(request).then((signers) => this.#signBy(signers, request, nowSeconds));
    }
    return this.#signBy(signers, request, nowSeconds);
  }

  #signBy(
    signers: readonly AsideSigner[],
    request: PolicyProtocol["policy.sign"]["request"],
    nowSeconds: number,
  ): readonly string[] | Promise<readonly string[]> {
    if (signers.every(({ aside }) => aside === null)) return signDkim(request, signers, nowSeconds);
    return this.#rsa.run(0, () => signDkimAside(request, signers, nowSeconds));
  }
}
