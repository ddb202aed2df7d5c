import { describeError, Failure, randomId } from "../base/mod.ts";
import type { AccountId } from "../mail/mod.ts";
import type { DirectoryChange, DirectoryProtocol } from "../messages/mod.ts";
import { defineActor } from "../runtime/define_actor.ts";
import type { Context, Reply } from "../runtime/types.ts";
import type { DirectoryStore } from "../storage/directory_store.ts";
import { directoryAccepts } from "./directory/accepts.ts";
import { addAppPassword, removeAppPassword, shownAppPassword } from "./directory/app_passwords.ts";
import { DirectoryBook, type Secrets } from "./directory/book.ts";
import type { CheckLimits } from "./directory/check_queue.ts";
import { addBan, type BanPolicy, removeBan, standingBans } from "./directory/edit_bans.ts";
import {
  activateNext,
  addNextPair,
  listDkimKeys,
  makeDkimPair,
  removeDkimKey,
  rotatingDomain,
  shownDkimKey,
  SIGNING_WORKER,
  signingKeys,
} from "./directory/dkim_keys.ts";
import {
  addAccount,
  addAlias,
  existingAccount,
  freeAddress,
  removeAccount,
  removeAlias,
  updateAccount,
} from "./directory/edit_accounts.ts";
import { addDomain, existingDomain, removeDomain, updateDomain } from "./directory/edit_domains.ts";
import { listPage } from "./directory/lists.ts";
import {
  addList,
  existingList,
  listPageOf,
  memberBounced,
  memberOf,
  membersOf,
  putMember,
  removeList,
  removeMember,
  signerOf,
  sizeOf,
  updateList,
} from "./directory/mailing_lists.ts";
import { Login } from "./directory/login.ts";
import { LoginBans } from "./directory/login_bans.ts";
import { newPassword } from "./directory/names.ts";
import { ARGON2_HASHER, type PasswordHasher } from "./directory/password_hasher.ts";
import { Subscribers } from "./directory/subscribers.ts";
import { TokenCheck, type TokenIssuer } from "./directory/tokens.ts";
import { mayAsk } from "./rights.ts";

export type { BanPolicy, CheckLimits, PasswordHasher, TokenIssuer };

/** Name of the directory actor, in the worker of the same name. */
export const DIRECTORY_ACTOR = "directory";

/** Failed logins lead to nothing. */
const NO_BANS: BanPolicy = { strikesMax: 0, windowMs: 0, banMs: 0, exempt: [] };

/** Characters of an account id, five random bits each. */
const ID_CHARS = 16;

/** What the directory actor is started with. */
export interface DirectoryArgs {
  readonly store: DirectoryStore;
  /** Password checks at a time, and waiting. */
  readonly login: CheckLimits;
  /** Whom failed logins lead to; nobody unless given. */
  readonly bans?: BanPolicy;
  /** Whose tokens let people in; nobody's unless given. */
  readonly issuers?: readonly TokenIssuer[];
  /** argon2id unless given. */
  readonly hasher?: PasswordHasher;
}

interface DirectoryState {
  readonly book: DirectoryBook;
  readonly login: Login;
  readonly bans: LoginBans;
  readonly subscribers: Subscribers;
}

type DirectoryContext = Context<DirectoryProtocol>;

/**
 * The only owner of domains, accounts, aliases and credentials. Password work runs beside the inbox, so that one slow check
 * holds nobody else up; every change is durable before it is answered or announced.
 */
export const directoryActor = defineActor<DirectoryProtocol, DirectoryState, DirectoryArgs>({
  restart: "permanent",
  inboxMax: 10_000,
  accepts: directoryAccepts,
  mayAsk,
  async init(args, context) {
    const { store, login: limits, issuers = [], bans: policy = NO_BANS, hasher = ARGON2_HASHER } = args;
    const { clock, random, log } = context;
    const book = new DirectoryBook(store);
    const login = await Login.open({ book, hasher, limits, tokens: new TokenCheck(issuers), clock, random, log });
    log.info("directory opened", book.counts());
    return { book, login, bans: new LoginBans(policy, clock), subscribers: new Subscribers(context) };
  },
  receive: {
    "directory.subscribe": ({ book, subscribers }, { subscriber }, reply) =>
      answer(reply, () => {
        subscribers.add(subscriber);
        return book.snapshot();
      }),
    "directory.remind": ({ subscribers }) => subscribers.remind(),
    "directory.authenticate": (state, request, reply, context) =>
      beside(reply, context, () => attempt(state, request, context, state.login.authenticate(request))),
    "directory.scramStart": ({ login }, request, reply) => answer(reply, () => login.scramStart(request)),
    "directory.scramProof": (state, request, reply, context) =>
      beside(reply, context, () => attempt(state, request, context, state.login.prove(request))),
    "directory.bearer": (state, request, reply, context) =>
      beside(reply, context, () => attempt(state, request, context, state.login.bear(request))),
    "directory.certified": (state, request, reply, context) =>
      beside(reply, context, () => attempt(state, request, context, state.login.certified(request))),
    "directory.snapshot": ({ book }, _request, reply) => reply.ok(book.snapshot()),
    "directory.status": ({ book, subscribers }, _request, reply) =>
      reply.ok({ ...book.counts(), subscribers: subscribers.size }),
    "directory.settled": ({ subscribers }, _request, reply, context) =>
      beside(reply, context, () => subscribers.settled()),
    "directory.domainList": ({ book }, request, reply) =>
      reply.ok(listPage({ ...request, domain: null }, { names: book.names.domain, records: book.domains })),
    "directory.accountList": ({ book }, request, reply) =>
      answer(reply, () => {
        const domain = request.domain === null ? null : existingDomain(book, request.domain).name;
        return listPage({ ...request, domain }, { names: book.names.account, records: book.accounts });
      }),
    "directory.aliasList": ({ book }, request, reply) =>
      answer(reply, () => {
        const domain = request.domain === null ? null : existingDomain(book, request.domain).name;
        return listPage({ ...request, domain }, { names: book.names.alias, records: book.aliases });
      }),
    "directory.accountGet": ({ book }, { address }, reply) => answer(reply, () => existingAccount(book, address)),
    "directory.domainAdd": (state, request, reply, context) =>
      answer(reply, () =>
        edit(state, request, () => {
          const record = addDomain(state.book, request, now(context));
          return { changes: [{ kind: "domain", key: record.name, record }], value: record };
        })),
    "directory.domainUpdate": (state, request, reply) =>
      answer(reply, () =>
        edit(state, request, () => {
          const record = updateDomain(state.book, request);
          return { changes: [{ kind: "domain", key: record.name, record }], value: record };
        })),
    "directory.domainRemove": (state, request, reply) =>
      answer(
        reply,
        () => edit(state, request, () => ({ changes: removeDomain(state.book, request.name), value: null })),
      ),
    "directory.accountAdd": (state, request, reply, context) =>
      beside(reply, context, async () => {
        // Refused before the hash costs anything; looked at again when it is made.
        freeAddress(state.book, request.address);
        const secrets = await secretsOf(state, request.password);
        const id = randomId(context.random, ID_CHARS) as AccountId;
        return edit(state, request, () => {
          const record = addAccount(state.book, { ...request, secrets, id, createdAt: now(context) });
          return { changes: [{ kind: "account", key: record.address, record }], value: record };
        });
      }),
    "directory.accountUpdate": (state, request, reply, context) =>
      beside(reply, context, async () => {
        existingAccount(state.book, request.address);
        const secrets = request.password === undefined ? null : await secretsOf(state, request.password);
        return edit(state, request, () => {
          const record = updateAccount(state.book, request, secrets);
          state.login.forget(record);
          return { changes: [{ kind: "account", key: record.address, record }], value: record };
        });
      }),
    "directory.accountRemove": (state, request, reply) =>
      answer(reply, () =>
        edit(state, request, () => {
          const record = removeAccount(state.book, request.address);
          state.login.forget(record);
          return { changes: [{ kind: "account", key: record.address, record: null }], value: record };
        })),
    "directory.appPasswordAdd": ({ book }, request, reply, { clock, random }) =>
      answer(reply, () => {
        const { label, scopes, expiresAt = null } = request;
        const account = existingAccount(book, request.address).id;
        const add = () => addAppPassword(book, account, { label, scopes, expiresAt, nowMs: clock.wallMs(), random });
        // What was only tried must not look like a password.
        return request.dryRun === true ? { ...book.rehearse(add), password: "" } : add();
      }),
    "directory.appPasswordList": ({ book }, { address }, reply) =>
      answer(reply, () => {
        const rows = book.appPasswords(existingAccount(book, address).id);
        return { records: rows.map(shownAppPassword), next: null };
      }),
    "directory.appPasswordRemove": ({ book }, { address, id, dryRun }, reply) =>
      answer(reply, () => {
        const remove = () => removeAppPassword(book, existingAccount(book, address).id, id);
        return dryRun === true ? book.rehearse(remove) : remove();
      }),
    "directory.aliasAdd": (state, request, reply, context) =>
      answer(reply, () =>
        edit(state, request, () => {
          const record = addAlias(state.book, request, now(context));
          return { changes: [{ kind: "alias", key: record.address, record }], value: record };
        })),
    "directory.aliasRemove": (state, request, reply) =>
      answer(reply, () =>
        edit(state, request, () => {
          const key = removeAlias(state.book, request.address);
          return { changes: [{ kind: "alias", key, record: null }], value: null };
        })),
    "directory.banAdd": (state, request, reply, context) =>
      answer(reply, () =>
        edit(state, request, () => {
          const nowMs = context.clock.wallMs();
          return addBan(state.book, { ...request, by: "operator" }, { nowMs, policy: state.bans.policy });
        })),
    "directory.banRemove": (state, request, reply) =>
      answer(reply, () =>
        edit(state, request, () => {
          const record = removeBan(state.book, request.network);
          return { changes: [{ kind: "ban", key: record.network, record: null }], value: record };
        })),
    "directory.banList": ({ book }, request, reply, context) =>
      reply.ok(listPage({ ...request, domain: null }, {
        names: book.names.ban,
        records: standingBans(book, context.clock.wallMs()),
      })),
    "directory.dkimRotate": ({ book }, { domain, dryRun }, reply, context) =>
      beside(reply, context, async () => {
        // Refused before the keys cost anything; looked at again when they are made.
        rotatingDomain(book, domain);
        if (dryRun === true) return { records: [], next: null };
        const pair = await makeDkimPair();
        return { records: addNextPair(book, domain, { pair, now: now(context) }).map(shownDkimKey), next: null };
      }),
    "directory.dkimActivate": (state, request, reply, context) =>
      answer(reply, () => {
        const rows = edit(state, request, () => activateNext(state.book, request.domain, now(context)));
        return { records: rows.map(shownDkimKey), next: null };
      }),
    "directory.dkimList": ({ book }, request, reply) => answer(reply, () => listDkimKeys(book, request)),
    "directory.dkimRemove": (state, request, reply) =>
      answer(reply, () => shownDkimKey(edit(state, request, () => removeDkimKey(state.book, request)))),
    "directory.signingKeys": ({ book }, { domain, selectors }, reply, { sender }) =>
      answer(reply, () => {
        // The link says who asks: no worker can pretend to be another.
        if (sender.worker !== SIGNING_WORKER) throw new Failure("refused", "keys are for the worker that signs");
        return { keys: signingKeys(book, domain, selectors) };
      }),
    "directory.listAdd": (state, request, reply, context) =>
      answer(reply, () =>
        edit(state, request, () => {
          const record = addList(state.book, request, now(context));
          return { changes: [{ kind: "list", key: record.address, record }], value: record };
        })),
    "directory.listUpdate": (state, request, reply) =>
      answer(reply, () =>
        edit(state, request, () => {
          const record = updateList(state.book, request);
          return { changes: [{ kind: "list", key: record.address, record }], value: record };
        })),
    "directory.listRemove": (state, request, reply) =>
      answer(reply, () =>
        edit(state, request, () => {
          const record = removeList(state.book, request.address);
          return { changes: [{ kind: "list", key: record.address, record: null }], value: record };
        })),
    "directory.listList": ({ book }, request, reply) => answer(reply, () => listPageOf(book, request)),
    "directory.listGet": ({ book }, { address }, reply) =>
      answer(reply, () => {
        const list = existingList(book, address);
        return { list, members: sizeOf(book, list.address), signer: signerOf(book, list) };
      }),
    "directory.memberPut": ({ book }, request, reply, context) =>
      answer(reply, () => tried(book, request, () => putMember(book, request, now(context)))),
    "directory.memberRemove": ({ book }, request, reply) =>
      answer(reply, () => tried(book, request, () => removeMember(book, request))),
    "directory.memberGet": ({ book }, request, reply) =>
      answer(reply, () => ({ member: memberOf(book, request.list, request.address) })),
    "directory.memberPage": ({ book }, request, reply) => answer(reply, () => membersOf(book, request)),
    "directory.memberBounced": ({ book }, request, reply, context) =>
      answer(reply, () => memberBounced(book, request, now(context))),
  },
  stopped({ login }) {
    login.stop();
  },
});

/** What a login came to, whichever way it was tried; who fails too often is banned. */
async function attempt<T extends { readonly type: string }>(
  state: DirectoryState,
  { remote }: { readonly remote: string },
  context: DirectoryContext,
  checked: Promise<T>,
): Promise<T> {
  const answer = await checked;
  if (answer.type === "refused") noteFailedLogin(state, remote, context);
  return answer;
}

/** Who fails too often is banned. Only the address is: whoever owns the account goes on from elsewhere. */
function noteFailedLogin(state: DirectoryState, remote: string, context: DirectoryContext): void {
  const request = state.bans.failed(remote);
  if (request === null) return;
  try {
    const nowMs = context.clock.wallMs();
    const record = edit(state, {}, () => addBan(state.book, request, { nowMs, policy: state.bans.policy }));
    context.log.warn("address banned", { network: record.network, until: record.until, reason: record.reason });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    context.log.warn("address not banned", { network: request.network, cause: describeError(error) });
  }
}

/** Answers with what `run` returns or the Failure it throws. A defect of ours goes on to the supervisor. */
function answer<T>(reply: Reply<T>, run: () => T): void {
  try {
    reply.ok(run());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    reply.fail(error);
  }
}

/** The same for work that goes on beside the inbox; a defect there reaches the asker as `down`, and the log. */
function beside<T>(reply: Reply<T>, context: DirectoryContext, run: () => Promise<T>): void {
  run().then((value) => reply.ok(value), (error) => {
    if (!(error instanceof Failure)) context.log.error("directory request failed", { cause: describeError(error) });
    reply.fail(error);
  });
}

async function secretsOf(state: DirectoryState, password: string): Promise<Secrets> {
  const secrets = await state.login.secrets(newPassword(password));
  if (secrets === null) throw new Failure("busy", "too many password checks wait: try again later");
  return secrets;
}

/** Makes a change that no subscriber sees, or only looks whether it could be made. */
function tried<T>(book: DirectoryBook, { dryRun }: { readonly dryRun?: boolean }, change: () => T): T {
  return dryRun === true ? book.rehearse(change) : change();
}

/** Makes a change and tells the subscribers; a dry run only looks whether it could be made. */
function edit<T>(
  { book, subscribers }: DirectoryState,
  request: { readonly dryRun?: boolean },
  change: () => { changes: readonly DirectoryChange[]; value: T },
): T {
  if (request.dryRun === true) return book.rehearse(change).value;
  const before = book.version;
  try {
    const { changes, value } = change();
    subscribers.announce(book.version, changes);
    return value;
  } catch (error) {
    // A commit that failed may yet stand on the disk: then there is a version that nobody was told of.
    if (book.version !== before) subscribers.renew();
    throw error;
  }
}

function now(context: DirectoryContext): string {
  return new Date(context.clock.wallMs()).toISOString();
}
