/** Room that is kept for the next time, in bytes. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** Room for what is read and soon forgotten, used again and again: new room costs more than reading into it. */
export class Rooms {
  #read: Uint8Array = new Uint8Array();
  #gathered: Uint8Array = new Uint8Array();

  /** Room to read into: its content is anything, until it is asked for again. */
  forReading(bytes: number): Uint8Array {
    if (bytes > KEPT_BYTES_MAX) return new Uint8Array(bytes);
    if (bytes > this.#read.length) this.#read = new Uint8Array(Math.min(KEPT_BYTES_MAX, 2 * bytes));
    return this.#read.subarray(0, bytes);
  }

  /** Room to gather in what was read: as much as there was last time. */
  get gathered(): Uint8Array {
    return this.#gathered;
  }

  keep(room: Uint8Array): void {
    if (room.length <= KEPT_BYTES_MAX) this.#gathered = room;
  }
}

/** Rooms that are given up between two turns when memory is wanted. */
export class LooseRooms {
  #rooms: WeakRef<Rooms> | null = null;

  get(): Rooms {
    const rooms = this.#rooms?.deref() ?? new Rooms();
    this.#rooms = new WeakRef(rooms);
    return rooms;
  }
}
