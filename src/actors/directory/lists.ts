import type { ListReply, ListRequest } from "../../messages/mod.ts";
import type { SortedNames } from "./sorted_names.ts";

/** Records of one page. */
export const PAGE_MAX = 10_000;

/** One page of records, by name. */
export function listPage<T>(
  request: ListRequest,
  { names, records }: { names: SortedNames; records: ReadonlyMap<string, T> },
): ListReply<T> {
  const limit = Math.max(1, Math.min(PAGE_MAX, Math.trunc(request.limit)));
  const suffix = request.domain === null ? "" : `@${request.domain}`;
  const page: T[] = [];
  let last: string | null = null;
  for (const name of names.from(request.after)) {
    if (!name.endsWith(suffix)) continue;
    if (page.length === limit) return { records: page, next: last };
    const record = records.get(name);
    if (record !== undefined) page.push(record);
    last = name;
  }
  return { records: page, next: null };
}
