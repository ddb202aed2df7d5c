import type { Endpoint } from "comlink";

/** A call of comlink's protocol carries an id; its answer carries the same. */
interface CallMessage {
  readonly id: string;
}

type Listener = Parameters<Endpoint["addEventListener"]>[1];

/**
 * The main thread's end of the control channel to one worker. comlink never rejects a call whose worker died; this endpoint
 * remembers the calls that are open and answers them itself when told that nobody else will.
 */
export class ControlEndpoint implements Endpoint {
  readonly #open = new Set<string>();
  readonly #listeners = new Set<Listener>();
  #reason: string | null = null;

  constructor(private readonly worker: Worker) {
    worker.addEventListener("message", (event) => this.#dispatch(event.data));
  }

  postMessage(message: CallMessage, transfer?: Transferable[]): void {
    if (this.#reason !== null) return queueMicrotask(() => this.#refuse(message.id));
    this.#open.add(message.id);
    this.worker.postMessage(message, transfer ?? []);
  }

  addEventListener(_type: string, listener: Listener): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** Rejects all open calls, and every later one. */
  fail(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    for (const id of [...this.#open]) this.#refuse(id);
  }

  #refuse(id: string): void {
    const value = { isError: true, value: { name: "Failure", message: this.#reason ?? "", stack: "" } };
    this.#dispatch({ id, type: "HANDLER", name: "throw", value });
  }

  #dispatch(data: unknown): void {
    if (typeof data === "object" && data !== null && "id" in data) this.#open.delete(data.id as string);
    const event = new MessageEvent("message", { data });
    for (const listener of [...this.#listeners]) {
      if (typeof listener === "function") listener(event);
      else listener.handleEvent(event);
    }
  }
}
