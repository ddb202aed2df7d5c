import { concat, Failure, utf8 } from "../../src/base/mod.ts";
import { Flag } from "../../src/mail/flag.ts";
import type { MailboxAskName, MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import type { MailboxEntry } from "../../src/mail/mailbox_entry.ts";
import type { AppendedMessage, MessageSet, ViewNews, ViewRow } from "../../src/mail/mailbox_view.ts";
import type { Tidings } from "../../src/mail/watch.ts";
import { INBOX_NAME, type MailboxName, parentsOf, type SpecialUse } from "../../src/mail/mailbox_name.ts";
import type { Quota } from "../../src/mail/quota.ts";
import { rangesOfRising } from "../../src/mail/ranges.ts";
import { ALL_RIGHTS, hasRights, NO_RIGHTS, type Rights } from "../../src/mail/rights.ts";
import type { SearchProgram } from "../../src/mail/search_program.ts";
import type { ModSeq, Uid, UidValidity } from "../../src/mail/uid.ts";
import { indexMessage } from "../../src/protocol/imap/mod.ts";
import { annotateMessages, withAnnotated } from "./fake_annotations.ts";
import { batchesOf, type FakeBox, type FakeView, stateOf } from "./fake_boxes.ts";
import { annotate, annotationsIn, changeAcl, listAcl } from "./fake_access.ts";
import { FakeWatches } from "./fake_watches.ts";
import { pageOf, rowPage, rowsAsked } from "./fake_row_page.ts";
import type { FakeMessage } from "./fake_message.ts";
import { change, fitsProgram, holds, keywordsOf, pieceOf, statusOf } from "./fake_messages.ts";
import { unopened } from "./fake_unopened.ts";
import { appendEach } from "./fake_appends.ts";
import { storeEach } from "./fake_stores.ts";
import { FakeUpdates } from "./fake_updates.ts";

type AppendedFields = Pick<AppendedMessage, "flags" | "keywords" | "internalDateMs" | "annotations">;
type Reply<N extends MailboxAskName> = MailboxAsks[N]["reply"];
type Request<N extends MailboxAskName> = Omit<
  MailboxAsks[N]["request"],
  "account" | "opId" | "owner" | keyof Quota | "address" | "grantee"
>;

/** 2026-02-01 03:04:05 UTC. */
const FIRST_MS = Date.UTC(2026, 1, 1, 3, 4, 5);

/** The mailboxes of one account in memory, as their owner answers for them; for tests of sessions. */
export class FakeMailboxes {
  readonly #boxes: FakeBox[] = [];
  readonly #views = new Map<number, FakeView>();
  readonly #subscriptions = new Set<string>();
  #next = 1;
  #nextView = 1;
  /** Rows of one page. */
  pageRows = 2;
  /** Rows that the answer to a STORE brings. */
  storeRows = Infinity;
  /** Called with each view that has news. */
  onStirred: (view: number) => void = () => {};
  /** Without an index, sessions have to make it. */
  keepsIndex = true;
  /** The first bytes of messages go with their rows when they are wanted. */
  givesHeads = false;
  /** Whether envelopes and body structures come apart. */
  apart = false;
  /** Whether news come along with the answer to a STORE or APPEND. */
  bringsNews = false;
  /** Asks of these names fail so. */
  readonly failures = new Map<string, Failure>();
  /** What the user may do, by the name of the mailbox; everything in others. */
  readonly rights = new Map<string, Rights>();
  readonly #annotations = new Map<string, Uint8Array>();
  readonly watches = new FakeWatches();
  /** Every ask, by name. */
  readonly asked: string[] = [];

  constructor() {
    this.#make(INBOX_NAME, null);
  }

  /** There is a mailbox of this name. */
  make(name: string): void {
    this.#make(name, null);
  }

  /** A message comes in. */
  deliver(name: string, text: string, flags = 0, internalDateMs: number | null = null): FakeMessage {
    return this.#add(this.#box(name)!, utf8(text), { flags, keywords: [], internalDateMs });
  }

  /** The owner was started anew. */
  forgetViews(): void {
    this.#views.clear();
    this.watches.forget();
  }

  /** Something happened that watches are told of. */
  happened(tidings: Partial<Tidings>): void {
    this.watches.happened(tidings);
    this.#stir();
  }

  messages(name: string): readonly FakeMessage[] {
    return this.#box(name)!.messages;
  }

  answer<N extends MailboxAskName>(name: N, request: Request<N>): Reply<N> {
    this.asked.push(name);
    const failure = this.failures.get(name);
    if (failure !== undefined) throw failure;
    const reply = (this.#handlers[name] as (given: unknown) => unknown)(request);
    this.#stir();
    return reply as Reply<N>;
  }

  readonly #handlers: { [N in MailboxAskName]: (request: Request<N>) => Reply<N> } = {
    "mailbox.tree": ({ status, recent }) => ({ entries: this.#tree(status).map((each) => this.#recent(each, recent)) }),
    "mailbox.create": ({ name, specialUse }) => {
      if (this.#box(name) !== undefined) return { type: "exists" };
      for (const parent of parentsOf(name)) if (this.#box(parent) === undefined) this.#make(parent, null);
      const { id, objectId } = this.#make(name, specialUse);
      return { type: "done", mailbox: id, objectId };
    },
    "mailbox.remove": ({ name }) => {
      const box = this.#box(name);
      if (box === undefined) return { type: "missing" };
      if (name === INBOX_NAME) return { type: "cannot" };
      this.#boxes.splice(this.#boxes.indexOf(box), 1);
      for (const view of this.#views.values()) view.gone ||= view.box === box;
      return { type: "done", mailbox: box.id, objectId: box.objectId };
    },
    "mailbox.rename": ({ from, to }) => {
      const box = this.#box(from);
      if (box === undefined) return { type: "missing" };
      if (this.#box(to) !== undefined) return { type: "exists" };
      for (const each of this.#boxes) {
        if (each.name === from || each.name.startsWith(`${from}/`)) each.name = to + each.name.slice(from.length);
      }
      return { type: "done", mailbox: box.id, objectId: box.objectId };
    },
    "mailbox.subscription": ({ name, subscribed }) => {
      if (subscribed) this.#subscriptions.add(name);
      else this.#subscriptions.delete(name);
      return { type: "done", mailbox: this.#box(name)?.id ?? 0, objectId: this.#box(name)?.objectId ?? "" };
    },
    "mailbox.statusOf": ({ names, recent }) => ({
      entries: names.map((name) => {
        const box = this.#box(name);
        const none = box === undefined || this.#rightsIn(box) === NO_RIGHTS;
        return none ? null : this.#recent(this.#entry(box, true), recent);
      }),
    }),
    ...unopened((name, wanted) => this.#allowed(name, wanted), () => this.keepsIndex),
    "mailbox.open": ({ name, readOnly, since }) => {
      const box = this.#allowed(name, "r");
      if (box === undefined) return { type: "missing" };
      const rights = this.#rightsIn(box);
      const view = this.#nextView++;
      const recent = box.messages.filter((message) => message.recent).length;
      const shown = [...box.messages];
      const keywords = keywordsOf(box);
      this.#views.set(view, {
        ...{ box, readOnly, shown, keywords: keywords.join(), saved: [], gone: false, rights, asked: "" },
        updates: new FakeUpdates(),
        known: new Map(shown.map((each) => [each, each.modSeq])),
      });
      const known = since === null || since.uidValidity !== box.uidValidity ? null : since;
      const vanished = known === null
        ? null
        : box.expunged.filter(({ uid, modSeq }) =>
          modSeq > known.modSeq && (known.known === null || holds(known.known, uid, box.uidNext - 1))
        ).flatMap(({ uid }) => [uid, uid]);
      return {
        type: "opened",
        view,
        mailbox: box.id,
        objectId: box.objectId,
        readOnly: readOnly || !/[iestw]/.test(rights),
        rights,
        status: statusOf(box),
        recent,
        firstUnseen: box.messages.findIndex(({ flags }) => (flags & Flag.seen) === 0) + 1,
        keywords,
        vanished,
      };
    },
    "mailbox.watch": (request) => this.watches.open(request),
    "mailbox.tidings": ({ watch }) => this.watches.tidings(watch),
    "mailbox.close": ({ view }) => {
      if (!this.watches.close(view) && this.#view(view)) this.#views.delete(view);
      return null;
    },
    "mailbox.news": ({ view, expunges }) => this.#news(this.#view(view), expunges),
    "mailbox.rows": (request) => this.#rows(request),
    "mailbox.batches": (request) => ({ ranges: batchesOf(this.#view(request.view).shown, request) }),
    "mailbox.lastOf": ({ view: id, program, count, changedSince = 0 }) => {
      const view = this.#view(id);
      const found = view.shown.filter((each) => each.modSeq > changedSince && this.#fits(each, program, view));
      const lowest = found.length > count ? found.at(-count)! : null;
      return { lowest: lowest && { sequence: view.shown.indexOf(lowest) + 1, uid: lowest.uid as Uid } };
    },
    "mailbox.page": (request) => rowPage(this.#rows(rowsAsked(request)), request, this.apart),
    "mailbox.read": ({ view, ...wanted }) => pieceOf(this.#view(view).box.messages, wanted),
    "mailbox.store": (request) => this.#store(request),
    "mailbox.storeEach": (request) => storeEach(request, (one) => this.answer("mailbox.store", one)),
    "mailbox.annotate": ({ view: id, set, changes }) => {
      const view = this.#view(id);
      const there = this.#inSet(view, set).filter((each) => view.box.messages.includes(each));
      const type = annotateMessages(view.box, there, changes);
      for (const each of there) view.known.set(each, each.modSeq);
      const rows = there.map((each) => this.#row(view, each, false));
      return { type, rows, next: null, modified: [], highestModSeq: view.box.modSeq as ModSeq, missing: false };
    },
    "mailbox.expungeDeleted": ({ view: id, set }) => {
      const view = this.#view(id);
      this.#demand(view.box, "e");
      const wanted = set === null ? null : new Set(this.#inSet(view, set));
      const fits = (each: FakeMessage) => (each.flags & Flag.deleted) !== 0 && (wanted === null || wanted.has(each));
      this.#remove(view.box, view.box.messages.filter(fits));
      return { highestModSeq: view.box.modSeq as ModSeq };
    },
    "mailbox.copy": ({ view: id, set, to, move, messagesMax = Infinity }) => {
      const view = this.#view(id);
      const target = this.#allowed(to, "i");
      if (move) this.#demand(view.box, "te");
      if (target === undefined) return { type: "missing" };
      const from = this.#inSet(view, set).filter((each) => view.box.messages.includes(each));
      if (from.length > messagesMax) return { type: "tooMany", messagesMax };
      const copies = from.map((each) => this.#add(target, each.bytes, each));
      if (move) this.#remove(view.box, from);
      return {
        type: "copied",
        uidValidity: target.uidValidity as UidValidity,
        from: rangesOfRising(from.map(({ uid }) => uid)),
        to: rangesOfRising(copies.map(({ uid }) => uid)),
      };
    },
    "mailbox.append": ({ name, messages, replaces, news }) => {
      const from = replaces === undefined ? null : this.#demand(this.#view(replaces.view).box, "te");
      const box = this.#allowed(name, "i");
      if (box === undefined) return { type: "missing" };
      const old = from?.messages.filter(({ uid }) => uid === replaces?.uid);
      if (old?.length === 0) return { type: "gone" };
      const uids = messages.map((each) => this.#add(box, concat(each.parts), each).uid as Uid);
      if (from !== null) this.#remove(from, old ?? []);
      return { type: "appended", uidValidity: box.uidValidity as UidValidity, uids, ...this.#brought(news) };
    },
    "mailbox.appendEach": (request) =>
      appendEach(request, (wish) => this.answer("mailbox.append", wish), (wanted) => this.#brought(wanted)),
    "mailbox.search": ({ view: id, program, save, modSeq, relevancy, update }) => {
      const view = this.#view(id);
      const found = view.shown.flatMap((message, at) =>
        this.#fits(message, program, view) ? [{ message, sequence: at + 1 }] : []
      );
      const uids = found.map(({ message }) => message.uid);
      const [min, max] = [uids.slice(0, 1), uids.slice(-1)];
      if (save !== "none") view.saved = { all: uids, min, max, minMax: [...min, ...max] }[save];
      const highest = Math.max(0, ...found.map(({ message }) => message.modSeq));
      return {
        found: found.map(({ message, sequence }) => ({ sequence, uid: message.uid as Uid, count: 1 })),
        modSeq: modSeq && found.length > 0 ? highest as ModSeq : null,
        ...(relevancy ? { relevancy: Uint8Array.from(found, (_, at) => 10 + at) } : {}),
        ...(update === undefined ? {} : {
          updating: view.updates.watch(
            update,
            (message) => this.#fits(message, program, view),
            found.map(({ message }) => message),
          ),
        }),
      };
    },
    "mailbox.keepOrder": ({ view, tag, uids }) => ({ updating: this.#view(view).updates.keepOrder(tag, uids) }),
    "mailbox.cancelUpdates": ({ view, tags }) => (this.#view(view).updates.cancel(tags), null),
    "mailbox.acl": ({ name }) => {
      const box = this.#allowed(name, "a");
      return box === undefined ? { type: "missing" } : listAcl(name, box.acl);
    },
    "mailbox.setAcl": (request) => {
      const box = this.#allowed(request.name, "a");
      return box === undefined ? { type: "missing" } : changeAcl(box.acl, request);
    },
    "mailbox.metadata": ({ names, ...wanted }) => ({
      found: names.map((name) => {
        const held = this.#annotated(name);
        return typeof held === "string" ? { type: held } : { type: "found", values: annotationsIn(held, wanted) };
      }),
    }),
    "mailbox.setMetadata": (request) => {
      const held = this.#annotated(request.name);
      return typeof held === "string" ? { type: "missing" } : annotate(held, request);
    },
  };

  #rightsIn(box: FakeBox): Rights {
    return this.rights.get(box.name) ?? ALL_RIGHTS;
  }

  #annotated(name: string): Map<string, Uint8Array> | "missing" | "denied" {
    if (name === "") return this.#annotations;
    const box = this.#box(name);
    if (box === undefined || !this.#rightsIn(box).includes("l")) return "missing";
    return /[rswip]/.test(this.#rightsIn(box)) ? box.annotations : "denied";
  }

  #demand(box: FakeBox, wanted: string): FakeBox {
    if (hasRights(this.#rightsIn(box), wanted)) return box;
    throw new Failure("refused", "a right is wanting");
  }

  /** The mailbox, unless the user may not even know of it. */
  #allowed(name: string, wanted: string): FakeBox | undefined {
    const box = this.#box(name);
    if (box === undefined || hasRights(this.#rightsIn(box), wanted)) return box;
    if (this.#rightsIn(box).includes("l")) throw new Failure("refused", "a right is wanting");
    return undefined;
  }

  #make(name: string, specialUse: SpecialUse | null): FakeBox {
    const id = this.#next++;
    const box: FakeBox = {
      ...{ id, name, objectId: `M${id}`, uidValidity: 1000 + id, specialUse },
      ...{ uidNext: 1, modSeq: 1, messages: [], expunged: [], acl: new Map(), annotations: new Map() },
    };
    this.#boxes.push(box);
    return box;
  }

  #box(name: string): FakeBox | undefined {
    return this.#boxes.find((box) => box.name === name);
  }

  #view(id: number): FakeView {
    const view = this.#views.get(id);
    if (view === undefined) throw new Failure("not_found", "no such view");
    return view;
  }

  #add(box: FakeBox, bytes: Uint8Array, fields: AppendedFields): FakeMessage {
    const { flags, keywords, internalDateMs, annotations = [] } = fields;
    const uid = box.uidNext++;
    const message: FakeMessage = {
      ...{ uid, bytes, flags, keywords: [...keywords], modSeq: ++box.modSeq, recent: true },
      ...{ internalDateMs: internalDateMs ?? FIRST_MS + uid * 60_000, annotations },
    };
    box.messages.push(message);
    this.#stir();
    return message;
  }

  #remove(box: FakeBox, messages: readonly FakeMessage[]): void {
    for (const { uid } of messages) box.expunged.push({ uid, modSeq: ++box.modSeq });
    box.messages = box.messages.filter((each) => !messages.includes(each));
  }

  #entry(box: FakeBox, status: boolean): MailboxEntry {
    const { id, name, objectId, specialUse } = box;
    return {
      ...{ mailbox: id, name: name as MailboxName, objectId, specialUse },
      subscribed: this.#subscriptions.has(name),
      ...(this.rights.has(name) ? { rights: this.#rightsIn(box) } : {}),
      ...(status && this.#rightsIn(box).includes("r") ? { status: statusOf(box) } : {}),
    };
  }

  #recent(entry: MailboxEntry, wanted = false): MailboxEntry {
    const box = wanted && entry.status !== undefined ? this.#box(entry.name) : undefined;
    return box === undefined ? entry : { ...entry, recent: box.messages.filter(({ recent }) => recent).length };
  }

  #tree(status: boolean): MailboxEntry[] {
    const shown = this.#boxes.filter((box) => this.#rightsIn(box).includes("l"));
    const entries = shown.map((box) => this.#entry(box, status));
    const names = new Set<string>(entries.map(({ name }) => name));
    const others = new Set([...entries.flatMap(({ name }) => parentsOf(name)), ...this.#subscriptions]);
    for (const name of others) {
      if (names.has(name)) continue;
      const subscribed = this.#subscriptions.has(name);
      entries.push({ mailbox: 0, name: name as MailboxName, objectId: "", specialUse: null, subscribed });
    }
    return entries.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Tells each view that has news, once for each change. */
  #stir(): void {
    for (const [id, view] of this.#views) {
      if (this.#hasNews(view) && view.asked !== stateOf(view, this.#rightsIn(view.box))) this.onStirred(id);
    }
    for (const watch of this.watches.stirred) this.onStirred(watch);
  }

  #hasNews(view: FakeView): boolean {
    const { box, shown, gone } = view;
    const isNews = (each: FakeMessage) => each.modSeq > (view.known.get(each) ?? 0);
    if (view.rights !== this.#rightsIn(box)) return true;
    return gone || box.messages.some(isNews) || shown.some((each) => !box.messages.includes(each));
  }

  #brought(wanted: { readonly view: number } | undefined): { readonly news?: ViewNews } {
    return this.bringsNews && wanted !== undefined ? { news: this.#news(this.#view(wanted.view), true) } : {};
  }

  #news(view: FakeView, expunges: boolean): ViewNews {
    const { box, updates } = view;
    view.asked = stateOf(view, this.#rightsIn(box));
    updates.before({ shown: view.shown, there: box.messages });
    const expunged: { sequence: number; uid: Uid }[] = [];
    if (expunges) {
      for (let at = 0; at < view.shown.length;) {
        const message = view.shown[at]!;
        if (box.messages.includes(message)) at++;
        else {
          expunged.push({ sequence: at + 1, uid: message.uid as Uid });
          view.shown.splice(at, 1);
        }
      }
    }
    const old = new Set(view.shown);
    const fresh = box.messages.filter((each) => !old.has(each) && each.uid > (view.shown.at(-1)?.uid ?? 0));
    view.shown.push(...fresh);
    const changed = view.shown.filter((each) =>
      old.has(each) && each.modSeq > view.known.get(each)! && box.messages.includes(each)
    );
    const keywords = keywordsOf(box);
    const told = keywords.join() !== view.keywords;
    view.keywords = keywords.join();
    const rows = changed.map((each) => withAnnotated(this.#row(view, each, false), each, view.known.get(each)!));
    for (const each of view.shown) view.known.set(each, each.modSeq);
    const before = view.rights;
    const rights = view.rights = this.#rightsIn(box);
    return {
      exists: view.shown.length,
      recent: view.shown.filter((each) => each.recent).length,
      expunged,
      changed: rows,
      keywords: told ? keywords : null,
      rights: rights === before ? null : rights,
      highestModSeq: box.modSeq as ModSeq,
      more: false,
      gone: view.gone,
      ...(this.watches.annotatedMore ? { annotatedMore: true } : {}),
      ...updates.after({ shown: view.shown, there: box.messages }),
    };
  }

  #row(view: FakeView, message: FakeMessage, index: boolean): ViewRow {
    const { uid, bytes, flags, keywords, modSeq, recent, internalDateMs } = message;
    return {
      ...{ sequence: view.shown.indexOf(message) + 1, uid: uid as Uid, modSeq: modSeq as ModSeq, flags },
      ...{ keywords: [...keywords], recent, size: bytes.length, internalDateMs, savedMs: FIRST_MS },
      ...{ objectId: `E${uid}`, annotations: message.annotations },
      ...(index ? { index: this.keepsIndex ? indexMessage(bytes) : null } : {}),
    };
  }

  #inSet(view: FakeView, set: MessageSet): FakeMessage[] {
    if (set.by === "saved") return view.shown.filter(({ uid }) => view.saved.includes(uid) && uid >= (set.from ?? 0));
    const last = set.by === "uid" ? view.shown.at(-1)?.uid ?? 0 : view.shown.length;
    return view.shown.filter(({ uid }, at) => holds(set.pairs, set.by === "uid" ? uid : at + 1, last));
  }

  #rows(
    { view: id, set, after, index, changedSince, vanished, headBytes = 0 }: Request<"mailbox.rows">,
  ): Reply<"mailbox.rows"> {
    const view = this.#view(id);
    const named = this.#inSet(view, set);
    const there = named.filter((each) =>
      view.box.messages.includes(each) && each.uid > after && each.modSeq > (changedSince ?? 0)
    );
    const { page, next } = pageOf(there, this.pageRows);
    const gone = view.box.expunged.filter(({ uid, modSeq }) =>
      modSeq > (changedSince ?? 0) && set.by === "uid" && holds(set.pairs, uid, view.box.uidNext - 1)
    );
    return {
      rows: page.map((each) => ({
        ...this.#row(view, each, index),
        ...(this.givesHeads && headBytes > 0 ? { head: each.bytes.slice(0, headBytes) } : {}),
      })),
      ...{ next, vanished: vanished ? gone.flatMap(({ uid }) => [uid, uid]) : [] },
      missing: named.some((each) => !view.box.messages.includes(each)),
    };
  }

  #store(request: Request<"mailbox.store">): Reply<"mailbox.store"> {
    const { view: id, set, flags, keywords, how, unchangedSince, silent = false, news } = request;
    const view = this.#view(id);
    const { box } = view;
    if (!/[swt]/.test(this.#rightsIn(box))) throw new Failure("refused", "a right is wanting");
    const named = this.#inSet(view, set);
    const there = named.filter((each) => box.messages.includes(each));
    const modified = there.filter((each) => each.modSeq > (unchangedSince ?? Infinity));
    const done = there.filter((each) => !modified.includes(each));
    for (const each of done) {
      const before = `${each.flags} ${each.keywords.join()}`;
      change(each, { flags, keywords, how });
      if (before !== `${each.flags} ${each.keywords.join()}`) each.modSeq = ++box.modSeq;
    }
    for (const each of done) view.known.set(each, each.modSeq);
    const { page, next } = silent ? { page: [], next: null } : pageOf(done, this.storeRows);
    const stored = {
      type: "stored",
      ...{ rows: page.map((each) => this.#row(view, each, false)), next },
      modified: modified.map((each) => ({ sequence: view.shown.indexOf(each) + 1, uid: each.uid as Uid })),
      ...{ highestModSeq: box.modSeq as ModSeq, missing: named.length > there.length },
    } as const;
    return this.bringsNews && news !== undefined ? { ...stored, news: this.#news(view, news.expunges) } : stored;
  }

  #fits(message: FakeMessage, program: SearchProgram, view: FakeView): boolean {
    return fitsProgram(message, program, (set) => this.#inSet(view, set).includes(message));
  }
}
