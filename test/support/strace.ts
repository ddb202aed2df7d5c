/** Watches, or breaks, the system calls of a running server: strace attached to all of its threads. */
import { runOk } from "./programs.ts";
import { within } from "./eventually.ts";

/** One system call, in the order in which the threads were seen. */
export interface SystemCall {
  readonly thread: string;
  readonly name: string;
  /** All between the parentheses; descriptors carry their path or connection. */
  readonly args: string;
  /** What is behind the equals sign: a number, or -1 and the error. */
  readonly result: string;
  /** Line of the trace at which the call began, and at which it had returned. */
  readonly began: number;
  readonly returned: number;
}

/** What to watch and what to break. */
export interface StraceOptions {
  /** Names of system calls. */
  readonly trace: readonly string[];
  /** Fault injections, e.g. "fdatasync:error=EIO:when=1". */
  readonly inject?: readonly string[];
  /** Bytes of each buffer that are shown. */
  readonly stringBytes?: number;
  /** Only calls on these files. */
  readonly paths?: readonly string[];
  /** Only the thread whose number is given, not the whole process. */
  readonly threadOnly?: boolean;
  /** Where the trace is written. */
  readonly file: string;
}

const ATTACH_MS_MAX = 20_000;

/** An attached strace; `detach` leaves the server running as if nothing had been. */
export class Strace implements AsyncDisposable {
  #ended = false;
  private constructor(
    private readonly child: Deno.ChildProcess,
    private readonly file: string,
    private readonly stderr: Promise<void>,
  ) {}

  /** Resolves when every thread is being traced. */
  static async attach(pid: number, options: StraceOptions): Promise<Strace> {
    const { trace, inject = [], stringBytes = 64, paths = [], threadOnly = false, file } = options;
    const child = new Deno.Command("strace", {
      args: [
        ...(threadOnly ? [] : ["-f"]),
        ...["-yy", "-e", "signal=none", "-s", `${stringBytes}`, "-o", file, "-e", `trace=${trace.join(",")}`],
        ...inject.flatMap((fault) => ["-e", `inject=${fault}`]),
        ...paths.flatMap((path) => ["-P", path]),
        ...["-p", `${pid}`],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let attached = () => {};
    const isAttached = new Promise<void>((resolve) => attached = resolve);
    const stderr = readAll(child.stderr, (text) => /attached/.test(text) && attached());
    const strace = new Strace(child, file, stderr);
    try {
      const failed = child.status.then(({ code }) => Promise.reject(new Error(`strace ended with ${code}`)));
      await within(ATTACH_MS_MAX, "strace to attach", Promise.race([isAttached, failed]));
    } catch (error) {
      await strace[Symbol.asyncDispose]();
      throw error;
    }
    return strace;
  }

  /** Lets the server go and gives what was seen. */
  async detach(): Promise<SystemCall[]> {
    await this[Symbol.asyncDispose]();
    return parseTrace(await Deno.readTextFile(this.file));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.child.kill("SIGINT");
    } catch {
      // It has ended with the server.
    }
    await this.child.status;
    await this.stderr;
  }
}

async function readAll(stream: ReadableStream<Uint8Array>, seen: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of stream) {
    text += decoder.decode(piece, { stream: true });
    seen(text);
  }
}

const WHOLE = /^(?:(\d+) +)?(\w+)\((.*)\) += (-?\d+|\?)(.*)$/;
const BEGUN = /^(\d+) +(\w+)\((.*?) *<unfinished \.\.\.>$/;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)(.*)$/;

/** The calls of a trace written by `strace -o`; those that never returned are left out. */
export function parseTrace(text: string): SystemCall[] {
  const open = new Map<string, { name: string; args: string; began: number }>();
  const calls: SystemCall[] = [];
  for (const [line, content] of text.split("\n").entries()) {
    const whole = WHOLE.exec(content);
    if (whole !== null) {
      const [, thread, name, args, value, rest] = whole as unknown as string[];
      calls.push({
        thread: thread ?? "",
        name: name!,
        args: args!,
        result: value! + rest!,
        began: line,
        returned: line,
      });
      continue;
    }
    const begun = BEGUN.exec(content);
    if (begun !== null) {
      open.set(begun[1]!, { name: begun[2]!, args: begun[3]!, began: line });
      continue;
    }
    const resumed = RESUMED.exec(content);
    const call = resumed === null ? undefined : open.get(resumed[1]!);
    if (resumed === null || call === undefined) continue;
    open.delete(resumed[1]!);
    calls.push({
      thread: resumed[1]!,
      name: call.name,
      args: call.args + resumed[3]!,
      result: resumed[4]! + resumed[5]!,
      began: call.began,
      returned: line,
    });
  }
  return calls;
}

/** Mounts a memory file system of `bytes`; it is gone at the end. Needs root. */
export async function mountTmpfs(bytes: number): Promise<{ readonly dir: string } & AsyncDisposable> {
  const dir = await Deno.makeTempDir({ prefix: "stagepost-tmpfs-" });
  await runOk("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "stagepost-test", dir]);
  return {
    dir,
    async [Symbol.asyncDispose]() {
      await runOk("umount", [dir]);
      await Deno.remove(dir);
    },
  };
}
