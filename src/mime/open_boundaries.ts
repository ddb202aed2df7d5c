/** A place in the tree of boundaries, reached by its characters. */
interface Node {
  readonly next: Map<number, Node>;
  /** Parts with the boundary that ends here, the outermost first. */
  frames: number[];
}

/**
 * The boundaries of the parts that are open, as a tree by their characters: a line is compared with all of them at once, at the cost
 * of its own length, however many there are.
 */
export class OpenBoundaries {
  readonly #root: Node = newNode();
  /** Of each open part; null when it has none, or that one is used up. */
  readonly #texts: (string | null)[] = [];
  #count = 0;

  /** How many can be met. */
  get count(): number {
    return this.#count;
  }

  /** A part is opened, in the last that is open; `boundary` with the dashes before it. */
  push(boundary: string | null): void {
    const frame = this.#texts.push(boundary) - 1;
    if (boundary === null) return;
    this.#count++;
    let node = this.#root;
    for (let at = 0; at < boundary.length; at++) {
      const code = boundary.charCodeAt(at);
      let next = node.next.get(code);
      if (next === undefined) node.next.set(code, next = newNode());
      node = next;
    }
    node.frames.push(frame);
  }

  /** The innermost open part is closed. */
  pop(): void {
    this.drop(this.#texts.length - 1);
    this.#texts.pop();
  }

  /** The boundary of an open part is not met any more. */
  drop(frame: number): void {
    const boundary = this.#texts[frame];
    if (boundary === null || boundary === undefined) return;
    this.#texts[frame] = null;
    this.#count--;
    const way: Node[] = [this.#root];
    for (let at = 0; at < boundary.length; at++) way.push(way[at]!.next.get(boundary.charCodeAt(at))!);
    const last = way[boundary.length]!;
    last.frames = last.frames.filter((each) => each !== frame);
    // What leads to no boundary any more goes, so that the tree is never larger than what is open.
    for (let at = boundary.length; at > 0 && way[at]!.frames.length === 0 && way[at]!.next.size === 0; at--) {
      way[at - 1]!.next.delete(boundary.charCodeAt(at - 1));
    }
  }

  lengthOf(frame: number): number {
    return this.#texts[frame]?.length ?? 0;
  }

  /** The part whose boundary stands at this place of the text: the longest, of equals the innermost; or -1. */
  find(text: string, at: number): number {
    let found = -1;
    let node = this.#count === 0 ? undefined : this.#root;
    for (let i = at; node !== undefined; i++) {
      if (node.frames.length > 0) found = node.frames.at(-1)!;
      // Behind the end there is no character, and NaN leads nowhere.
      node = node.next.get(text.charCodeAt(i));
    }
    return found;
  }
}

function newNode(): Node {
  return { next: new Map(), frames: [] };
}
