/** The real rspamd and clamd, each as a process of its own on this machine, that asks nobody and leaves nothing behind. */
import { eventually, within } from "./eventually.ts";
import { freePorts } from "./free_ports.ts";
import { programPath } from "./programs.ts";

/** Longest start of a scanner, in ms. */
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;

/** What clamd and everybody else knows as no virus, in halves, so that this file is not taken for one. */
export const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR", "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");

/** Debian's paths are not on everybody's PATH. */
function scannerPath(name: string): string | null {
  return programPath(name) ?? programPath(`../sbin/${name}`);
}

/** Which of the programs is missing, for the name of a test. */
export function missingScanners(names: readonly ("rspamd" | "clamd")[]): string[] {
  return names.filter((name) => scannerPath(name) === null);
}

/** A scanner's process. */
export class ScannerPeer implements AsyncDisposable {
  constructor(
    /** Its directory, removed at the end. */
    readonly dir: string,
    readonly port: number,
    readonly socket: string,
    private readonly child: Deno.ChildProcess,
    readonly output: string[],
  ) {}

  /** Ends the process; it can be started no more. */
  async stop(): Promise<void> {
    try {
      this.child.kill("SIGTERM");
    } catch {
      return; // It has ended already.
    }
    await within(STOP_MS_MAX, "the scanner's end", this.child.status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** Starts rspamd with no rules but those that tests need: what a mail's field `X-Test` says it is. */
export async function startRspamd(): Promise<ScannerPeer> {
  const dir = await Deno.makeTempDir({ prefix: "sp-rspamd-" });
  const [port] = await freePorts(1);
  await Deno.writeTextFile(`${dir}/rspamd.conf`, rspamdConf(dir, port!));
  await Deno.writeTextFile(`${dir}/rules.lua`, RSPAMD_RULES);
  await Deno.writeTextFile(`${dir}/tld`, "test\n");
  // As root, it would become another user, who may not write here.
  const args = ["--insecure", "--no-fork", "--config", `${dir}/rspamd.conf`];
  return await started(dir, port!, `${dir}/rspamd.sock`, scannerPath("rspamd")!, args);
}

/** No DNS, no modules, no worker besides the one that scans. */
function rspamdConf(dir: string, port: number): string {
  return `
options {
  pidfile = "${dir}/pid";
  filters = "";
  explicit_modules = [];
  cache_file = "${dir}/symbols.cache";
  tempdir = "${dir}";
  hs_cache_dir = "${dir}/";
  control_socket = "${dir}/control.sock mode=0600";
  url_tld = "${dir}/tld";
  dns { nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }
}
logging { type = "console"; level = "info"; }
actions { reject = 15; add_header = 6; greylist = 4; }
lua = "${dir}/rules.lua";
worker "normal" {
  bind_socket = "127.0.0.1:${port}";
  bind_socket = "${dir}/rspamd.sock mode=0600";
  count = 1;
}
`;
}

const RSPAMD_RULES = `
local function says(word)
  return function(task) return task:get_header("X-Test") == word end
end
rspamd_config.TEST_GREY = { callback = says("grey"), score = 4.5 }
rspamd_config.TEST_SPAM = { callback = says("spam"), score = 7.5 }
rspamd_config.TEST_WORST = { callback = says("worst"), score = 20 }
rspamd_config.TEST_SOFT = { score = 0, callback = function(task)
  if says("soft")(task) then task:set_pre_result("soft reject", "Come again tomorrow") end
  return false
end }
rspamd_config.TEST_ENVELOPE = { score = 0, type = "postfilter", priority = 10, callback = function(task)
  local from, ip = task:get_from("smtp"), task:get_ip()
  local rcpts = {}
  for _, rcpt in ipairs(task:get_recipients("smtp") or {}) do rcpts[#rcpts + 1] = rcpt.addr end
  local text = string.format("from=%s to=%s ip=%s helo=%s user=%s", from and from[1].addr or "-",
    table.concat(rcpts, ","), ip and tostring(ip) or "-", task:get_helo() or "-", task:get_user() or "-")
  task:set_milter_reply({ add_headers = { ["X-Test-Envelope"] = text }, remove_headers = { ["X-Test-Gone"] = 0 } })
  return false
end }
`;

/** Starts clamd with a signature file of its own, which knows EICAR and nothing else. */
export async function startClamd({ streamBytesMax = 1_048_576 } = {}): Promise<ScannerPeer> {
  const dir = await Deno.makeTempDir({ prefix: "sp-clamd-" });
  const [port] = await freePorts(1);
  await Deno.mkdir(`${dir}/db`);
  const hex = [...EICAR].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  // Name, target 0: any file, at any place.
  await Deno.writeTextFile(`${dir}/db/test.ndb`, `Stagepost.Test.Eicar:0:*:${hex}\n`);
  await Deno.writeTextFile(
    `${dir}/clamd.conf`,
    [
      "Foreground yes",
      `LocalSocket ${dir}/clamd.sock`,
      "TCPAddr 127.0.0.1",
      `TCPSocket ${port}`,
      `DatabaseDirectory ${dir}/db`,
      `TemporaryDirectory ${dir}`,
      `StreamMaxLength ${streamBytesMax}`,
      "MaxThreads 2",
      "",
    ].join("\n"),
  );
  const args = ["--foreground", `--config-file=${dir}/clamd.conf`];
  return await started(dir, port!, `${dir}/clamd.sock`, scannerPath("clamd")!, args);
}

async function started(
  dir: string,
  port: number,
  socket: string,
  program: string,
  args: string[],
): Promise<ScannerPeer> {
  const child = new Deno.Command(program, { args, cwd: dir, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) void keepOutput(stream, output);
  const peer = new ScannerPeer(dir, port, socket, child, output);
  try {
    await eventually(`${program} to listen`, () => listens(port), { ms: START_MS_MAX });
    return peer;
  } catch (error) {
    await peer[Symbol.asyncDispose]();
    throw new Error(`${program} did not start:\n${output.join("").slice(-2_000)}`, { cause: error });
  }
}

async function keepOutput(stream: ReadableStream<Uint8Array>, output: string[]): Promise<void> {
  const decoder = new TextDecoder();
  for await (const piece of stream) output.push(decoder.decode(piece, { stream: true }));
}

async function listens(port: number): Promise<boolean> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.close();
  return true;
}
