import type { Cancel, Clock, Log, Random } from "../../base/mod.ts";
import { asFailure, describeError, randomId, utf8 } from "../../base/mod.ts";
import type { AccountId } from "../../mail/mod.ts";
import type { AccountRecord, AuthenticateReply, ScramReply } from "../../messages/mod.ts";
import type { ScramHash } from "../../protocol/sasl/mod.ts";
import { findAppPassword, usedAppPassword } from "./app_passwords.ts";
import type { DirectoryBook, Secrets } from "./book.ts";
import { type CheckLimits, CheckQueue } from "./check_queue.ts";
import { ChecksUnderWay } from "./checks_under_way.ts";
import { LoginCache } from "./login_cache.ts";
import { LoginGuard, networkOf, remoteKey } from "./login_guard.ts";
import { loginAddress, PASSWORD_BYTES_MAX } from "./names.ts";
import type { PasswordHasher } from "./password_hasher.ts";
import { checkScramProof, fakeScramKeys, SALT_BYTES, type ScramKeys } from "./scram_keys.ts";
import type { TokenCheck } from "./tokens.ts";

/** New passwords that are hashed at a time, and that wait. */
const HASHES: CheckLimits = { checksMax: 2, waitingMax: 1_000 };
/** UTF-16 units of a user name that are looked at. */
const USER_CHARS_MAX = 512;

/** What a login needs of its actor. */
export interface LoginServices {
  readonly book: DirectoryBook;
  readonly hasher: PasswordHasher;
  readonly limits: CheckLimits;
  readonly tokens: TokenCheck;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Attempt {
  readonly user: string;
  readonly service: string;
  readonly remote: string;
}

/** As it was typed, and in the form in which passwords are hashed (NFC). */
interface Typed extends Attempt {
  readonly secret: string;
}

interface Password extends Attempt {
  readonly password: string;
}

interface Proof extends Attempt {
  readonly hash: ScramHash;
  readonly authMessage: string;
  readonly proof: Uint8Array;
}

interface Token extends Omit<Attempt, "user"> {
  readonly user: string | null;
  readonly token: string;
}

interface Certificate extends Omit<Attempt, "user"> {
  readonly user: string | null;
  readonly addresses: readonly string[];
}

/** Whose attempt it was: the account and what else is to be told, `null` for a wrong one. */
type Checked<T> = T | "busy" | null;

/** What the fakes of unknown users are made from; kept, or a new start would show which ones are fakes. */
const SCRAM_SECRET = "scram";
const SECRET_CHARS = 52;
/** Is no account: looking it up costs unknown users what others cost. */
const NOBODY = "-" as AccountId;

/** Checks logins of every kind: bounded in number, the same work and answer for an unknown user as for a wrong password. */
export class Login {
  readonly #queue: CheckQueue;
  readonly #hashes = new CheckQueue(HASHES);
  readonly #cache: LoginCache;
  readonly #guard: LoginGuard;
  readonly #underWay: ChecksUnderWay;
  readonly #waits = new Set<Cancel>();

  private constructor(
    private readonly services: LoginServices,
    private readonly dummy: string,
    private readonly fakes: Uint8Array,
  ) {
    this.#queue = new CheckQueue(services.limits);
    this.#cache = new LoginCache(services.clock, services.random);
    this.#guard = new LoginGuard(services.clock);
    this.#underWay = new ChecksUnderWay(services.random);
  }

  /** Makes what unknown users are checked against: the hash of a password nobody knows, and the secret behind their salts. */
  static async open(services: LoginServices): Promise<Login> {
    const { book, hasher, random } = services;
    const dummy = await hasher.hash(randomId(random, 32));
    const fresh = randomId(random, SECRET_CHARS);
    try {
      return new Login(services, dummy, utf8(book.secret(SCRAM_SECRET, fresh)));
    } catch (error) {
      // A full disk must not keep people from their mail: the next start tries again.
      if (asFailure(error) === null) throw error;
      services.log.warn("secret was not kept", { purpose: SCRAM_SECRET, cause: describeError(error) });
      return new Login(services, dummy, utf8(fresh));
    }
  }

  /** What a new password is checked with; null when too many wait. Strangers' checks do not hold an operator's changes up. */
  secrets(password: string): Promise<Secrets | null> {
    const { hasher, random } = this.services;
    return this.#hashes.run(async () => ({
      hash: await hasher.hash(password),
      scram: await hasher.scramKeys(password, random.bytes(SALT_BYTES)),
    }));
  }

  /** After the account's password, or its right to log in, has changed. */
  forget(account: Pick<AccountRecord, "id">): void {
    this.#cache.forget(account.id);
  }

  async authenticate(attempt: Typed): Promise<AuthenticateReply> {
    const password = attempt.secret.normalize("NFC");
    const given = { ...attempt, said: password };
    const checked = await this.#attempt(given, (address) => this.#check(address, { ...attempt, password }));
    return typeof checked === "string" ? { type: checked } : { type: "accepted", account: checked };
  }

  /** How that user's password is salted. Costs no more than a keyed hash, so nobody needs to wait for it. */
  scramStart(
    { user, hash }: { readonly user: string; readonly hash: ScramHash },
  ): Pick<ScramKeys, "salt" | "iterations"> {
    const { salt, iterations } = this.#scramKeys(user.slice(0, USER_CHARS_MAX), hash);
    return { salt, iterations };
  }

  async prove(attempt: Proof): Promise<ScramReply> {
    const checked = await this.#attempt(attempt, (address) => Promise.resolve(this.#checkProof(address, attempt)));
    return typeof checked === "string" ? { type: checked } : { type: "accepted", ...checked };
  }

  /** A token is checked for whom it names; a client that names somebody else is refused. */
  async bear(attempt: Token): Promise<AuthenticateReply> {
    const { service, remote, token } = attempt;
    // Who names nobody is counted by where they are alone.
    const checked = await this.#attempt({ user: attempt.user ?? remote, service, remote }, async () => {
      const address = await this.services.tokens.address(token, this.services.clock.wallMs());
      const account = address === null ? null : this.#enabled(this.#accountAddress(address));
      const isMeant = attempt.user === null || this.#accountAddress(attempt.user) === account?.address;
      return isMeant ? account : null;
    });
    return typeof checked === "string" ? { type: checked } : { type: "accepted", account: checked };
  }

  /** Without a name, a certificate is its first account's; with one, it must be made out to that account. */
  async certified(attempt: Certificate): Promise<AuthenticateReply> {
    const { service, remote, user, addresses } = attempt;
    const checked = await this.#attempt({ user: user ?? remote, service, remote }, () => {
      const accounts = addresses.map((address) => this.#enabled(this.#accountAddress(address)));
      const wanted = user === null ? null : this.#accountAddress(user);
      const found = accounts.find((account) => account !== null && (user === null || account.address === wanted));
      return Promise.resolve(found ?? null);
    });
    return typeof checked === "string" ? { type: checked } : { type: "accepted", account: checked };
  }

  /** Runs a check when its turn has come, and keeps count of how it went. Attempts that say the same take one place. */
  async #attempt<T extends object>(
    attempt: Attempt & { readonly said?: string },
    check: (address: string | null) => Promise<Checked<T>>,
  ): Promise<T | "busy" | "refused"> {
    const user = attempt.user.slice(0, USER_CHARS_MAX);
    const address = this.#accountAddress(user);
    const remote = remoteKey(attempt.remote, address ?? user);
    const said = attempt.said === undefined ? null : this.#underWay.mark(address ?? user, attempt.said);
    const leave = this.#underWay.enter({ remote, said });
    if (leave === null) return "busy";
    try {
      return await this.#guarded({ ...attempt, user }, address, check);
    } finally {
      leave();
    }
  }

  /** Lets go of all timers; attempts that wait are never answered by us. */
  stop(): void {
    for (const cancel of this.#waits) cancel();
    this.#waits.clear();
  }

  async #guarded<T extends object>(
    attempt: Attempt,
    address: string | null,
    check: (address: string | null) => Promise<Checked<T>>,
  ): Promise<T | "busy" | "refused"> {
    const counted = address ?? attempt.user;
    const waitMs = this.#guard.waitMs(attempt.remote, counted);
    if (waitMs === null) return "busy";
    if (waitMs > 0) await this.#sleep(waitMs);
    const checked = await check(address);
    if (checked === "busy") return "busy";
    const { remote, service } = attempt;
    if (checked === null) {
      this.#guard.failed(remote, counted);
      // A user name that is no address may be a password typed in the wrong field.
      this.services.log.info("login refused", { user: address, remote, service });
      return "refused";
    }
    this.#guard.succeeded(remote, counted);
    return checked;
  }

  async #check(address: string | null, given: Password): Promise<Checked<AccountRecord>> {
    const { user, password, remote } = given;
    const bytes = utf8(password).length;
    if (bytes === 0 || bytes > PASSWORD_BYTES_MAX) return null;
    const account = this.#enabled(address);
    if (this.#cache.knows(account?.id ?? null, password)) return account;
    if (account !== null && this.#isAppPassword(account, given)) return account;
    const { book } = this.services;
    const hashed = (account === null ? null : book.credential(account.id)) ?? this.dummy;
    // An address learns nothing of what another one is trying; a password that has changed is another check.
    const mark = this.#underWay.mark(networkOf(remote), address ?? user.slice(0, USER_CHARS_MAX), hashed, password);
    const standing = await this.#underWay.share(mark, () => this.#prove(account, { password, hashed }));
    if (standing === null || standing === "busy") return standing;
    // While the check ran, an operator may have disabled the account or changed its password.
    return this.#standing(account, standing.hash);
  }

  /** Whether that is the account's password; the hash of it that stands now, renewed if need be. */
  async #prove(
    account: AccountRecord | null,
    { password, hashed }: { readonly password: string; readonly hashed: string },
  ): Promise<Checked<{ readonly hash: string }>> {
    const { book, hasher } = this.services;
    const right = await this.#queue.run(() => hasher.verify(hashed, password));
    if (right === null) return "busy";
    const now = right ? this.#standing(account, hashed) : null;
    if (now === null) return null;
    this.#cache.remember(now.id, password);
    const isWhole = book.scramKeys(now.id, "SHA-256") !== null;
    return { hash: hasher.isOutdated(hashed) || !isWhole ? await this.#renew(now, { password, hashed }) : hashed };
  }

  /** The account as it is now, if it still may log in with what was checked against that hash. */
  #standing(account: AccountRecord | null, hash: string): AccountRecord | null {
    const now = account === null ? null : this.#enabled(account.address);
    return now !== null && now.id === account?.id && this.services.book.credential(now.id) === hash ? now : null;
  }

  /** Never remembered beside the book: one that was taken away is refused from that moment on. */
  #isAppPassword(account: AccountRecord, given: { readonly password: string; readonly service: string }): boolean {
    const { book, clock, log } = this.services;
    const nowMs = clock.wallMs();
    const row = findAppPassword(book.appPasswords(account.id), { ...given, nowMs });
    if (row === null) return false;
    const used = usedAppPassword(row, nowMs);
    try {
      if (used !== null) book.changeAppPassword(account.id, row.id, used);
    } catch (error) {
      log.warn("use of an app password was not noted", { account: account.id, cause: describeError(error) });
    }
    return true;
  }

  #checkProof(address: string | null, attempt: Proof): Checked<{ account: AccountRecord; signature: Uint8Array }> {
    const account = this.#enabled(address);
    const signature = checkScramProof(this.#scramKeys(attempt.user.slice(0, USER_CHARS_MAX), attempt.hash), attempt);
    return account === null || signature === null ? null : { account, signature };
  }

  /** Those of the account, disabled or not; where there are none, the same fakes for the same name. */
  #scramKeys(user: string, hash: ScramHash): ScramKeys {
    const { book, hasher } = this.services;
    const address = this.#accountAddress(user);
    const fake = fakeScramKeys({ secret: this.fakes, user: address ?? user, hash });
    const account = address === null ? undefined : book.accounts.get(address);
    const real = book.scramKeys(account?.id ?? NOBODY, hash);
    return real ?? { ...fake, iterations: hasher.scramIterations };
  }

  /**
   * New parameters, and keys for SCRAM, reach an account when its user logs in; failing to keep them is no reason to refuse.
   * The hash that stands.
   */
  async #renew(account: AccountRecord, { password, hashed }: { password: string; hashed: string }): Promise<string> {
    const { book, log } = this.services;
    try {
      const fresh = await this.secrets(password);
      if (fresh === null || book.credential(account.id) !== hashed) return hashed;
      book.replaceSecrets(account.id, fresh);
      return fresh.hash;
    } catch (error) {
      log.warn("password hash was not renewed", { account: account.id, cause: describeError(error) });
      return hashed;
    }
  }

  #accountAddress(user: string): string | null {
    const address = loginAddress(user);
    if (address === null) return null;
    const at = address.lastIndexOf("@");
    const target = this.services.book.domains.get(address.slice(at + 1))?.aliasOf;
    return typeof target === "string" ? `${address.slice(0, at)}@${target}` : address;
  }

  #enabled(address: string | null): AccountRecord | null {
    const { accounts, domains } = this.services.book;
    const account = address === null ? undefined : accounts.get(address);
    if (account === undefined || account.disabled) return null;
    return domains.get(account.address.slice(account.address.lastIndexOf("@") + 1))?.disabled === false
      ? account
      : null;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.services.clock.after(ms, () => {
        this.#waits.delete(cancel);
        resolve();
      });
      this.#waits.add(cancel);
    });
  }
}
