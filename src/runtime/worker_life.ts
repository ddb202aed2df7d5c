import { type Remote, transfer, wrap } from "comlink";
import { type Clock, describeError, Failure, type LogLevel } from "../base/mod.ts";
import { type BeatSignal, type HostSignal, type PeerName, valueOf, type WorkerControl } from "./control.ts";
import { Bell, type ChannelEnd } from "./channel/mod.ts";
import { ControlEndpoint } from "./control_endpoint.ts";
import { spawnWorker, type WorkerPermissions } from "./spawn_worker.ts";

/** What one life of a worker is made of. */
export interface WorkerLifeOptions {
  readonly node: string;
  readonly name: string;
  readonly url: string | URL;
  readonly permissions: WorkerPermissions;
  readonly config: unknown;
  readonly logLevel: LogLevel;
  readonly clock: Clock;
  /** Ms that loading the module, and then `start`, may take. */
  readonly startMsMax: number;
  /** Called once, when the worker is found dead before it was ended. */
  readonly died: (reason: string) => void;
}

/** One life of a worker thread, from its spawning to its end. */
export class WorkerLife {
  readonly #worker: Worker;
  readonly #endpoint: ControlEndpoint;
  // Kept referenced: comlink releases the far end when the proxy is collected.
  readonly #control: Remote<WorkerControl>;
  #ended = false;
  readonly #pulse = new SharedArrayBuffer(4);
  /** Memory of its bell. */
  readonly bell = Bell.memory();
  readonly #beats = new Int32Array(this.#pulse);
  #beatsAsked = 0;
  #silentMs = 0;
  /** Set once `start` has been called and answered: from then on silence counts. */
  watched = false;
  /** Set once it may be linked to others. */
  booted = false;
  readonly #hello: Promise<void>;
  #heard: () => void = () => {};
  #lost: (failure: Failure) => void = () => {};

  constructor(private readonly options: WorkerLifeOptions) {
    const { name, permissions } = options;
    this.#hello = new Promise((resolve, reject) => {
      this.#heard = resolve;
      this.#lost = reject;
    });
    this.#hello.catch(() => {}); // Whoever waits for it sees the failure; nobody may be waiting.
    this.#worker = spawnWorker(options.url, { name, permissions });
    this.#endpoint = new ControlEndpoint(this.#worker);
    this.#control = wrap<WorkerControl>(this.#endpoint);
    this.#listen();
  }

  get name(): string {
    return this.options.name;
  }

  /** Waits until the module is loaded and gives the worker its system. */
  async boot(): Promise<void> {
    const { node, name, config, logLevel } = this.options;
    await this.#within(this.options.startMsMax, "load", this.#hello);
    await valueOf(this.#control.boot({ node, name, config, logLevel, pulse: this.#pulse, bell: this.bell }));
  }

  /** Gives the worker its end of a channel to a peer. */
  connect(peer: PeerName, end: ChannelEnd): Promise<null> {
    return valueOf(this.#control.connect(peer, transfer(end, [end.port])));
  }

  disconnect(peer: string): void {
    valueOf(this.#control.disconnect(peer)).catch(() => {}); // It fails only when this worker is gone as well.
  }

  async start(): Promise<void> {
    await this.#within(this.options.startMsMax, "start", valueOf(this.#control.start()));
    this.watched = true;
  }

  /**
   * Looks for the beat that was asked for when this was called last, `passedMs` ago, and asks for the next one. For how long
   * one has been owed, in ms. A worker without work has no timer for it: each would wake its thread three times.
   */
  silentFor(passedMs: number): number {
    if (Atomics.load(this.#beats, 0) < this.#beatsAsked) return this.#silentMs += passedMs;
    this.#silentMs = 0;
    this.#beatsAsked++;
    this.#worker.postMessage({ signal: "beat" } satisfies BeatSignal);
    return 0;
  }

  drain(msMax: number): Promise<unknown> {
    return this.#within(msMax, "drain", valueOf(this.#control.drain()));
  }

  stop(msMax: number): Promise<unknown> {
    return this.#within(msMax, "stop", valueOf(this.#control.stop()));
  }

  reload(config: unknown): Promise<unknown> {
    return this.#within(this.options.startMsMax, "reload", valueOf(this.#control.reload(config)));
  }

  stats(msMax: number): Promise<unknown> {
    return this.#within(msMax, "stats", valueOf(this.#control.stats()));
  }

  actors(msMax: number) {
    return this.#within(msMax, "actor list", valueOf(this.#control.actors()));
  }

  /** Ends the thread at once, also when it hangs. Open calls fail. */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endpoint.fail(`worker ${this.name} is gone: ${reason}`);
    this.#lost(new Failure("down", `worker ${this.name} is gone: ${reason}`));
    this.#worker.terminate();
  }

  /** Ends it as one that died by itself. */
  die(reason: string): void {
    if (this.#ended) return;
    this.end(reason);
    this.options.died(reason);
  }

  #listen(): void {
    this.#worker.addEventListener("message", (event: MessageEvent<Partial<HostSignal> | null>) => {
      if (event.data?.signal === "loaded") this.#heard();
      else if (event.data?.signal === "fatal") this.die(`fatal: ${event.data.error}`);
    });
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault(); // Or the whole process would end with the worker.
      this.die(`uncaught: ${(event as ErrorEvent).message ?? "unknown error"}`);
    });
    this.#worker.addEventListener("close", () => this.die("closed")); // Bun alone says so.
  }

  /** comlink calls reject with plain errors when the endpoint fails them; outside they are Failures like any other. */
  #within<T>(msMax: number, what: string, work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const cancel = this.options.clock.after(msMax, () => {
        reject(new Failure("deadline", `worker ${this.name} did not ${what} within ${msMax} ms`));
      });
      work.then((value) => {
        cancel();
        resolve(value);
      }, (error) => {
        cancel();
        reject(error instanceof Failure ? error : new Failure("down", describeError(error)));
      });
    });
  }
}
