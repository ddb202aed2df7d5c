/** Postfix as a relay: takes mail on loopback and hands all of it to one host, in a directory of its own. */
import { existsSync, readFileSync } from "node:fs";
import { freePorts } from "../test/support/free_ports.ts";
import { isRoot, programPath, runOk } from "../test/support/programs.ts";
import { treeCpu } from "./process_figures.ts";
import type { CpuSeconds } from "./process_figures.ts";

/** Where Debian keeps the table of Postfix's services. */
const SERVICES = "/etc/postfix/master.cf";

/** A running Postfix. */
export interface PostfixRelay extends AsyncDisposable {
  readonly smtpPort: number;
  cpu(): CpuSeconds;
}

/** Why Postfix cannot run here, or null when it can. */
export function whyNoPostfix(): string | null {
  if (programPath("postfix") === null || !existsSync(SERVICES)) return "not installed: postfix";
  return isRoot() ? null : "it starts as root only";
}

/** Starts it; everything goes on to 127.0.0.1:`sinkPort`. */
export async function startPostfixRelay(sinkPort: number): Promise<PostfixRelay> {
  const dir = await Deno.makeTempDir({ prefix: "stagepost-postfix-" });
  // Its daemons drop to a user of their own, who has to get through.
  await Deno.chmod(dir, 0o755);
  const [port] = await freePorts(1);
  for (const name of ["etc", "spool", "data"]) await Deno.mkdir(`${dir}/${name}`, { mode: 0o755 });
  await runOk("chown", ["postfix", `${dir}/data`]);
  await Deno.writeTextFile(`${dir}/etc/main.cf`, settings(dir, sinkPort));
  await Deno.writeTextFile(`${dir}/etc/master.cf`, services(port!));
  const control = (verb: string) => runOk("postfix", ["-c", `${dir}/etc`, verb]);
  const stop = async () => {
    await control("stop").catch(() => {}); // It may not have started.
    await Deno.remove(dir, { recursive: true });
  };
  try {
    await start(`${dir}/etc`);
  } catch (error) {
    await stop();
    throw error;
  }
  const pid = Number(readFileSync(`${dir}/spool/pid/master.pid`, "utf8").trim());
  return { smtpPort: port!, cpu: () => treeCpu([pid]), [Symbol.asyncDispose]: stop };
}

/** Its daemons keep its output open, so it goes to nowhere. */
async function start(etc: string): Promise<void> {
  const child = new Deno.Command("postfix", {
    args: ["-c", etc, "start"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const { code } = await child.status;
  if (code !== 0) throw new Error(`postfix start ended with ${code}`);
}

function settings(dir: string, sinkPort: number): string {
  return `compatibility_level = 3.6
queue_directory = ${dir}/spool
data_directory = ${dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.bench.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:${sinkPort}
disable_dns_lookups = yes
smtp_tls_security_level = none
default_destination_concurrency_limit = 20
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
in_flow_delay = 0
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
default_process_limit = 100
maillog_file = ${dir}/maillog
maillog_file_prefixes = ${dir}
`;
}

/** Debian's own table, with another port and without changed roots, which would need a copy of the system. */
function services(port: number): string {
  return readFileSync(SERVICES, "utf8")
    .replace(/^smtp +inet.*$/m, `127.0.0.1:${port} inet n - n - - smtpd`)
    .replace(/^([a-z]+ +unix +[-yn] +[-yn] +)y/gm, "$1n");
}
