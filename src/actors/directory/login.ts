import type { Cancel, Clock, Log, Random } from "../../base/mod.ts";
import { describeError, randomId, utf8 } from "../../base/mod.ts";
import type { AccountRecord, AuthenticateReply } from "../../messages/mod.ts";
import type { DirectoryBook } from "./book.ts";
import { type CheckLimits, CheckQueue } from "./check_queue.ts";
import { LoginCache } from "./login_cache.ts";
import { LoginGuard, remoteKey } from "./login_guard.ts";
import { loginAddress, PASSWORD_BYTES_MAX } from "./names.ts";
import type { PasswordHasher } from "./password_hasher.ts";

/** Attempts of one address that may be under way. */
const PER_REMOTE_MAX = 8;
/** Attempts that may be under way in all, most of them waiting for their time. */
const ATTEMPTS_MAX = 1_000;
/** New passwords that are hashed at a time, and that wait. */
const HASHES: CheckLimits = { checksMax: 2, waitingMax: 1_000 };
/** UTF-16 units of a user name that are looked at. */
const USER_CHARS_MAX = 512;

/** What a login needs of its actor. */
export interface LoginServices {
  readonly book: DirectoryBook;
  readonly hasher: PasswordHasher;
  readonly limits: CheckLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

interface Attempt {
  readonly user: string;
  readonly secret: string;
  readonly service: string;
  readonly remote: string;
}

/** Checks passwords: bounded in number, the same work and answer for an unknown user as for a wrong password. */
export class Login {
  readonly #queue: CheckQueue;
  readonly #hashes = new CheckQueue(HASHES);
  readonly #cache: LoginCache;
  readonly #guard: LoginGuard;
  readonly #underWay = new Map<string, number>();
  readonly #waits = new Set<Cancel>();
  #attempts = 0;

  private constructor(private readonly services: LoginServices, private readonly dummy: string) {
    this.#queue = new CheckQueue(services.limits);
    this.#cache = new LoginCache(services.clock, services.random);
    this.#guard = new LoginGuard(services.clock);
  }

  /** Hashes a password nobody knows: what unknown users are checked against. */
  static async open(services: LoginServices): Promise<Login> {
    return new Login(services, await services.hasher.hash(randomId(services.random, 32)));
  }

  /** Hashes a new password; null when too many wait. Strangers' checks do not hold an operator's changes up. */
  hash(password: string): Promise<string | null> {
    return this.#hashes.run(() => this.services.hasher.hash(password));
  }

  /** After the account's password, or its right to log in, has changed. */
  forget(account: Pick<AccountRecord, "id">): void {
    this.#cache.forget(account.id);
  }

  async authenticate(attempt: Attempt): Promise<AuthenticateReply> {
    const user = attempt.user.slice(0, USER_CHARS_MAX);
    const address = this.#accountAddress(user);
    const key = remoteKey(attempt.remote, address ?? user);
    const here = this.#underWay.get(key) ?? 0;
    if (here >= PER_REMOTE_MAX || this.#attempts >= ATTEMPTS_MAX) return { type: "busy" };
    this.#underWay.set(key, here + 1);
    this.#attempts++;
    try {
      return await this.#guarded({ ...attempt, user }, address);
    } finally {
      this.#attempts--;
      const left = (this.#underWay.get(key) ?? 1) - 1;
      if (left > 0) this.#underWay.set(key, left);
      else this.#underWay.delete(key);
    }
  }

  /** Lets go of all timers; attempts that wait are never answered by us. */
  stop(): void {
    for (const cancel of this.#waits) cancel();
    this.#waits.clear();
  }

  async #guarded(attempt: Attempt, address: string | null): Promise<AuthenticateReply> {
    const counted = address ?? attempt.user;
    const waitMs = this.#guard.waitMs(attempt.remote, counted);
    if (waitMs === null) return { type: "busy" };
    if (waitMs > 0) await this.#sleep(waitMs);
    const checked = await this.#check(address, attempt.secret.normalize("NFC"));
    if (checked === "busy") return { type: "busy" };
    const { remote, service } = attempt;
    if (checked === null) {
      this.#guard.failed(remote, counted);
      // A user name that is no address may be a password typed in the wrong field.
      this.services.log.info("login refused", { user: address, remote, service });
      return { type: "refused" };
    }
    this.#guard.succeeded(remote, counted);
    return { type: "accepted", account: checked };
  }

  async #check(address: string | null, password: string): Promise<AccountRecord | "busy" | null> {
    const bytes = utf8(password).length;
    if (bytes === 0 || bytes > PASSWORD_BYTES_MAX) return null;
    const account = this.#enabled(address);
    if (this.#cache.knows(account?.id ?? null, password)) return account;
    const hashed = (account === null ? null : this.services.book.credential(account.id)) ?? this.dummy;
    const right = await this.#queue.run(() => this.services.hasher.verify(hashed, password));
    if (right === null) return "busy";
    // While the check ran, an operator may have disabled the account or changed its password.
    const now = this.#enabled(address);
    if (!right || account === null || now?.id !== account.id) return null;
    if (this.services.book.credential(now.id) !== hashed) return null;
    this.#cache.remember(now.id, password);
    if (this.services.hasher.isOutdated(hashed)) await this.#rehash(now, { password, hashed });
    return now;
  }

  /** New parameters reach an account when its user logs in; failing to keep them is no reason to refuse. */
  async #rehash(account: AccountRecord, { password, hashed }: { password: string; hashed: string }): Promise<void> {
    const { book, log } = this.services;
    try {
      const fresh = await this.hash(password);
      if (fresh !== null && book.credential(account.id) === hashed) book.replaceHash(account.id, fresh);
    } catch (error) {
      log.warn("password hash was not renewed", { account: account.id, cause: describeError(error) });
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
