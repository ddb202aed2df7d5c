import type { ImapVerb } from "./grammar/ast.ts";
import type { Command } from "./command.ts";
import { deleteAcl, getAcl, setAcl } from "./commands/acl.ts";
import { append } from "./commands/append.ts";
import { authenticate } from "./commands/authenticate.ts";
import { cancelUpdate } from "./commands/cancel_update.ts";
import { capability } from "./commands/capability.ts";
import { close, unselect } from "./commands/close.ts";
import { compress } from "./commands/compress.ts";
import { copy, move } from "./commands/copy.ts";
import { create } from "./commands/create.ts";
import { enable } from "./commands/enable.ts";
import { esearch } from "./commands/esearch.ts";
import { expunge } from "./commands/expunge.ts";
import { fetch } from "./commands/fetch.ts";
import { genUrlAuth } from "./commands/gen_url_auth.ts";
import { id } from "./commands/id.ts";
import { idle } from "./commands/idle.ts";
import { list } from "./commands/list.ts";
import { login } from "./commands/login.ts";
import { logout } from "./commands/logout.ts";
import { lsub } from "./commands/lsub.ts";
import { getMetadata, setMetadata } from "./commands/metadata.ts";
import { namespace } from "./commands/namespace.ts";
import { check, noop } from "./commands/noop.ts";
import { notify } from "./commands/notify.ts";
import { remove } from "./commands/delete.ts";
import { getQuota, getQuotaRoot, setQuota } from "./commands/quota.ts";
import { replace } from "./commands/replace.ts";
import { resetKey } from "./commands/reset_key.ts";
import { listRights, myRights } from "./commands/rights.ts";
import { rename } from "./commands/rename.ts";
import { search } from "./commands/search.ts";
import { examine, select } from "./commands/select.ts";
import { sort } from "./commands/sort.ts";
import { starttls } from "./commands/starttls.ts";
import { status } from "./commands/status.ts";
import { store } from "./commands/store.ts";
import { subscribe, unsubscribe } from "./commands/subscribe.ts";
import { thread } from "./commands/thread.ts";
import { uidBatches } from "./commands/uid_batches.ts";
import { urlFetch } from "./commands/url_fetch.ts";
import { unauthenticate } from "./commands/unauthenticate.ts";

type Any = { readonly [V in ImapVerb]: Command<V> }[ImapVerb];

const ALL: readonly Any[] = [
  ...[capability, noop, logout, id, compress, unauthenticate],
  ...[starttls, authenticate, login],
  ...[
    enable,
    namespace,
    select,
    examine,
    create,
    remove,
    rename,
    subscribe,
    unsubscribe,
    list,
    lsub,
    status,
    append,
    idle,
    notify,
  ],
  ...[check, close, unselect, expunge, search, esearch, sort, cancelUpdate, thread, fetch, store, copy, move, replace],
  uidBatches,
  ...[getQuota, getQuotaRoot, setQuota],
  ...[genUrlAuth, urlFetch, resetKey],
  ...[getAcl, setAcl, deleteAcl, listRights, myRights, getMetadata, setMetadata],
];

/** Every command by its verb. What is not here is not known, and is not announced. */
export const COMMANDS: ReadonlyMap<string, Any> = new Map(ALL.map((command) => [command.verb, command]));
