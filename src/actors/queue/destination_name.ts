/** Where a recipient's mail goes: the domain in A-labels, or the address literal with its brackets. */
export function destinationOf(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** Recipients of one item: as many as every server takes in a transaction (RFC 5321 §4.5.3.1.8). */
const ITEM_RECIPIENTS_MAX = 100;

/** Recipients sorted by destination, at most so many to each share: a hundred unless fewer are asked for. */
export function byDestination<T extends { readonly address: string }>(
  recipients: readonly T[],
  shareMax = ITEM_RECIPIENTS_MAX,
): { readonly destination: string; readonly recipients: readonly T[] }[] {
  const shares: { destination: string; recipients: T[] }[] = [];
  const open = new Map<string, T[]>();
  for (const recipient of recipients) {
    const destination = destinationOf(recipient.address);
    let share = open.get(destination);
    if (share === undefined || share.length === shareMax) {
      share = [];
      shares.push({ destination, recipients: share });
      open.set(destination, share);
    }
    share.push(recipient);
  }
  return shares;
}
