import type { ClusterConfig } from "../../config/mod.ts";
import type { ControlStream } from "../control_socket.ts";

/** What `start` and `demo` hand on to the program. */
export interface StartOptions {
  readonly command: "start" | "demo";
  /** `--config FILE`. */
  readonly file?: string;
  /** `--data DIR`. */
  readonly dataDir?: string;
  /** `--restored`: the data were put back from a copy. */
  readonly restored?: boolean;
  /** `--moved`: the data were moved, and are all there is. */
  readonly moved?: boolean;
}

/** Everything the command line touches; `main` gives it the real ones. */
export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Version of the program. */
  readonly version: string;
  /** Whether standard output is a terminal: colours and progress. */
  readonly isTerminal: boolean;
  /** Whether questions can be asked. */
  readonly canAsk: boolean;
  /** Monotonic time in ms. */
  nowMs(): number;
  /** Prints a line to standard output. */
  print(line: string): void;
  /** Prints a line to standard error. */
  printError(line: string): void;
  /** Shows how far something has come, in the place of what was shown before; null wipes it. On a terminal only. */
  progress(line: string | null): void;
  /** Reads the first line of standard input, without its line end; null when there is none. */
  readLine(): Promise<string | null>;
  /** Asks on the terminal, without echo for secrets; null when the person gave up. */
  ask(question: string, options: { readonly secret: boolean }): Promise<string | null>;
  /** Connects to a control socket. Rejects with Failure `not_found` or `refused` when no server is there. */
  connect(path: string): Promise<ControlStream>;
  loadConfig(options: { readonly file?: string; readonly dataDir?: string }): Promise<ClusterConfig>;
  /** Runs the server in the foreground; its exit code. */
  start(options: StartOptions): Promise<number>;
}

/** Exit codes, as OPERATORS and sysexits.h name them. */
export const Exit = { done: 0, failed: 1, usage: 2, notRunning: 3, tryLater: 75, badConfig: 78 } as const;
