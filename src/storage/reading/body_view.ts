import type { IndexEnv } from "../disk/index_env.ts";
import { bodyKey, segmentKey } from "../layout/keys.ts";
import { recordBytes } from "../disk/segments.ts";
import {
  type BodyPlace,
  decodeBody,
  decodeSegmentUse,
  encodeBody,
  encodeSegmentUse,
  type SegmentUse,
} from "../layout/values.ts";

/** The bodies that one change touches and what it makes of their segments, read once and written once. */
export class BodyView {
  readonly #bodies = new Map<number, BodyPlace>();
  readonly #segments = new Map<number, SegmentUse>();
  constructor(private readonly index: IndexEnv) {}

  add(body: number, place: BodyPlace): void {
    this.#bodies.set(body, place);
    this.#segment(place.segment).bytes += recordBytes(place);
  }
  /** One row more names the body. */
  share(body: number): void {
    const place = this.#place(body);
    // A copy of a message whose body is lost is as lost as the original.
    if (place !== null) place.refs++;
  }
  /** One row names the body no more. */
  release(body: number): void {
    const place = this.#place(body);
    // A damaged index must not keep the message from being deleted.
    if (place === null || place.refs === 0) return;
    place.refs--;
    if (place.refs === 0) this.#segment(place.segment).dead += recordBytes(place);
  }
  /** Bytes of a segment that no row will ever name. */
  waste(segment: number, bytes: number): void {
    const use = this.#segment(segment);
    use.bytes += bytes;
    use.dead += bytes;
  }
  /** Writes what was touched and forgets it. */
  flush(): void {
    for (const [body, place] of this.#bodies) {
      if (place.refs === 0) this.index.remove(bodyKey(body));
      else this.index.put(bodyKey(body), encodeBody(place));
    }
    for (const [segment, use] of this.#segments) this.index.put(segmentKey(segment), encodeSegmentUse(use));
    this.#bodies.clear();
    this.#segments.clear();
  }
  #place(body: number): BodyPlace | null {
    const held = this.#bodies.get(body);
    if (held !== undefined) return held;
    const stored = this.index.get(bodyKey(body));
    if (stored === undefined) return null;
    const place = decodeBody(stored);
    this.#bodies.set(body, place);
    return place;
  }
  #segment(number: number): SegmentUse {
    const held = this.#segments.get(number);
    if (held !== undefined) return held;
    const stored = this.index.get(segmentKey(number));
    const use = stored === undefined ? { bytes: 0, dead: 0 } : decodeSegmentUse(stored);
    this.#segments.set(number, use);
    return use;
  }
}
