/** Boundaries that are compared one by one; mail has two or three at a time. */
const LISTED_MAX = 8;

/** A place in the tree of the others: which boundaries go on with which character, and the frames of those that end here. */
interface Node {
  readonly next: Map<number, Node>;
  readonly frames: number[];
}

/**
 * The boundaries that may end a part, each with the number of its multipart, the frame. Whatever they are, looking one up takes
 * no longer than reading the line: beyond the first few they are kept in a tree, as a mail may be made of boundaries and lines
 * that look like them.
 */
export class BoundarySet {
  readonly #listed: { readonly frame: number; readonly boundary: string }[] = [];
  readonly #root: Node = { next: new Map(), frames: [] };
  /** Those in the tree, by frame. */
  readonly #inTree = new Map<number, string>();

  get size(): number {
    return this.#listed.length + this.#inTree.size;
  }

  /** Frames are added in rising order. `boundary` has no line end. */
  add(frame: number, boundary: string): void {
    if (this.#listed.length < LISTED_MAX) {
      this.#listed.push({ frame, boundary });
      return;
    }
    this.#inTree.set(frame, boundary);
    let node = this.#root;
    for (let at = 0; at < boundary.length; at++) {
      const code = boundary.charCodeAt(at);
      let next = node.next.get(code);
      if (next === undefined) node.next.set(code, next = { next: new Map(), frames: [] });
      node = next;
    }
    node.frames.push(frame);
  }

  /** Takes a frame's boundary away, if it is there. */
  remove(frame: number): void {
    const listed = this.#listed.findIndex((entry) => entry.frame === frame);
    if (listed >= 0) this.#listed.splice(listed, 1);
    const boundary = this.#inTree.get(frame);
    if (boundary === undefined) return;
    this.#inTree.delete(frame);
    const path = [this.#root];
    for (let at = 0; at < boundary.length; at++) path.push(path[at]!.next.get(boundary.charCodeAt(at))!);
    const { frames } = path.at(-1)!;
    frames.splice(frames.lastIndexOf(frame), 1);
    // What leads nowhere goes, so that the tree is never larger than the boundaries in it.
    for (let at = boundary.length; at > 0 && isBare(path[at]!); at--) {
      path[at - 1]!.next.delete(boundary.charCodeAt(at - 1));
    }
  }

  /** The boundary that stands at this place of a text: the longest, of equals that of the highest frame. Null when there is none. */
  find(text: string, at: number): { readonly frame: number; readonly length: number } | null {
    let [frame, length] = [-1, 0];
    for (const entry of this.#listed) {
      if (entry.boundary.length >= length && text.startsWith(entry.boundary, at)) {
        [frame, length] = [entry.frame, entry.boundary.length];
      }
    }
    if (this.#inTree.size > 0) {
      let node: Node | undefined = this.#root;
      for (let depth = 0; node !== undefined; depth++) {
        const last: number | undefined = node.frames.at(-1);
        if (last !== undefined && (depth > length || (depth === length && last > frame))) {
          [frame, length] = [last, depth];
        }
        node = node.next.get(text.charCodeAt(at + depth));
      }
    }
    return frame < 0 ? null : { frame, length };
  }
}

function isBare({ next, frames }: Node): boolean {
  return next.size === 0 && frames.length === 0;
}
