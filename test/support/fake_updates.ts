import type { MailboxAsks } from "../../src/mail/mailbox_ask.ts";
import type { ResultChange, ViewNews } from "../../src/mail/mailbox_view.ts";
import type { FakeMessage } from "./fake_message.ts";

type Update = NonNullable<MailboxAsks["mailbox.search"]["request"]["update"]>;

interface FakeSearch extends Update {
  readonly fits: (message: FakeMessage) => boolean;
  results: readonly FakeMessage[];
  ordered: boolean;
}

/** Messages as the session counts them, and those that are there. */
interface Seen {
  readonly shown: readonly FakeMessage[];
  readonly there: readonly FakeMessage[];
}

/** Searches of one view of the fake whose changes are told; at most two. New results come first in any order. */
export class FakeUpdates {
  readonly #searches = new Map<string, FakeSearch>();
  gone: readonly ResultChange[] = [];
  /** Whether nobody can tell now. */
  ended: readonly string[] = [];

  watch(update: Update, fits: FakeSearch["fits"], results: readonly FakeMessage[]): boolean {
    if (this.#searches.size >= 2) return false;
    this.#searches.set(update.tag, { ...update, fits, results, ordered: !update.sorted });
    return true;
  }
  keepOrder(tag: string, uids: Uint8Array): boolean {
    const search = this.#searches.get(tag);
    if (search === undefined) return false;
    const order = [...new Uint32Array(Uint8Array.from(uids).buffer)];
    search.results = order.map((uid) => search.results.find((each) => each.uid === uid)!);
    search.ordered = true;
    return true;
  }
  cancel(tags: readonly string[]): void {
    for (const tag of tags) this.#searches.delete(tag);
  }
  #known: readonly FakeMessage[] = [];
  /** Before anything leaves the view. */
  before({ shown, there }: Seen): void {
    this.#known = [...shown];
    this.gone = [...this.#searches.values()].flatMap((search) =>
      removals(search, search.results.filter((each) => !there.includes(each)), shown)
    );
  }
  /** After everything has come and gone. */
  after({ shown, there }: Seen): Pick<ViewNews, "updates"> {
    if (this.#searches.size === 0) return {};
    const changed = [...this.#searches.values()].flatMap((search) => {
      const left = search.results.filter((each) => !search.fits(each));
      const came = shown.filter((each) => there.includes(each) && !search.results.includes(each) && search.fits(each));
      return [...removals(search, left, shown), ...additions(search, came, { shown, known: this.#known })];
    });
    const { gone, ended } = this;
    this.gone = this.ended = [];
    return { updates: { gone, changed, ended } };
  }
}

function removals(search: FakeSearch, left: readonly FakeMessage[], shown: readonly FakeMessage[]): ResultChange[] {
  if (left.length > 0 && !search.sorted) {
    search.results = search.results.filter((each) => !left.includes(each));
    return [{ tag: search.tag, how: "removed", places: [placed(search, 0, left, shown)] }];
  }
  const places = left.map((message) => {
    const place = search.results.indexOf(message) + 1;
    search.results = search.results.filter((each) => each !== message);
    return placed(search, place, [message], shown);
  });
  return places.length === 0 ? [] : [{ tag: search.tag, how: "removed", places }];
}

function additions(
  search: FakeSearch,
  came: readonly FakeMessage[],
  { shown, known }: { readonly shown: readonly FakeMessage[]; readonly known: readonly FakeMessage[] },
): ResultChange[] {
  if (came.length === 0) return [];
  search.results = [...came, ...search.results];
  const fresh = came.filter((each) => !known.includes(each)).flatMap(({ uid }) => [uid, uid]);
  return [{ tag: search.tag, how: "added", places: [placed(search, search.sorted ? 1 : 0, came, shown)], fresh }];
}

function placed(
  { uid }: FakeSearch,
  place: number,
  messages: readonly FakeMessage[],
  shown: readonly FakeMessage[],
): readonly [number, readonly number[]] {
  return [
    place,
    messages.map((each) => uid ? each.uid : shown.indexOf(each) + 1).flatMap((number) => [number, number]),
  ];
}
