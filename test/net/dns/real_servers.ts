import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../../support/eventually.ts";
import { freePorts } from "../../support/free_ports.ts";
import { runOk } from "../../support/programs.ts";

/** Programs that make, serve and validate a signed zone. */
export const REAL_SERVERS = ["ldns-keygen", "ldns-signzone", "nsd", "unbound"] as const;

/** A zone by its name: the records, and whether it is signed, and by the key that the validator is told. */
export interface RealZone {
  readonly records: string;
  readonly signed: "no" | "yes" | "wrong key";
}

/** NSD with zones of its own behind an Unbound that validates: what a careful operator runs. */
export class RealServers implements AsyncDisposable {
  private constructor(
    private readonly dir: string,
    private readonly children: readonly Started[],
    /** The validating resolver. */
    readonly unbound: string,
    /** The server of the zones. */
    readonly nsd: string,
  ) {}

  static async start(zones: Readonly<Record<string, RealZone>>): Promise<RealServers> {
    const dir = mkdtempSync(join(tmpdir(), "dns-test-"));
    const [nsdPort = 0, unboundPort = 0] = await freePorts(2);
    const anchors: string[] = [];
    for (const [name, zone] of Object.entries(zones)) {
      const file = join(dir, `${name}.zone`);
      writeFileSync(file, withSoa(name, zone.records));
      if (zone.signed !== "no") anchors.push(await sign(dir, name, zone.signed));
    }
    const names = Object.entries(zones).map(([name, { signed }]) => ({ name, signed: signed !== "no" }));
    writeFileSync(join(dir, "nsd.conf"), nsdConfig(dir, nsdPort, names));
    writeFileSync(join(dir, "unbound.conf"), unboundConfig(dir, { port: unboundPort, nsdPort, anchors, names }));
    const children = [
      await started("nsd", ["-d", "-V", "2", "-c", join(dir, "nsd.conf")], "nsd started"),
      await started("unbound", ["-d", "-vv", "-c", join(dir, "unbound.conf")], "start of service"),
    ];
    return new RealServers(dir, children, `127.0.0.1:${unboundPort}`, `127.0.0.1:${nsdPort}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, silent } of this.children) {
      child.kill("SIGTERM");
      await Promise.all([child.status, silent]);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function withSoa(name: string, records: string): string {
  const lines = records.split("\n").map((line) => line.trim());
  return [
    `$ORIGIN ${name}.`,
    "$TTL 300",
    "@ SOA ns hostmaster 1 3600 600 86400 60",
    "@ NS ns",
    "ns A 127.0.0.1",
    ...lines,
    "",
  ].join("\n");
}

/** Signs a zone and gives the trust anchor: that of its key, or of one that has not signed. */
async function sign(dir: string, name: string, key: "yes" | "wrong key"): Promise<string> {
  const newKey = async () => {
    const { stdout } = await runOk("ldns-keygen", ["-a", "ECDSAP256SHA256", "-k", "-r", "/dev/urandom", name], {
      cwd: dir,
    });
    return new TextDecoder().decode(stdout).trim();
  };
  const signer = await newKey();
  await runOk("ldns-signzone", ["-o", name, `${name}.zone`, signer], { cwd: dir });
  const anchor = key === "yes" ? signer : await newKey();
  return readFileSync(join(dir, `${anchor}.ds`), "utf8").trim().replaceAll("\t", " ");
}

function nsdConfig(dir: string, port: number, zones: readonly { name: string; signed: boolean }[]): string {
  return [
    "server:",
    `  ip-address: 127.0.0.1@${port}`,
    "  server-count: 1",
    "  rrl-ratelimit: 0", // All questions come from one address.
    '  username: ""',
    '  chroot: ""',
    '  database: ""',
    `  zonesdir: "${dir}"`,
    `  pidfile: "${dir}/nsd.pid"`,
    `  xfrdfile: "${dir}/xfrd.state"`,
    `  zonelistfile: "${dir}/zone.list"`,
    `  xfrdir: "${dir}"`,
    "remote-control:",
    "  control-enable: no",
    ...zones.flatMap(({ name, signed }) => [
      "zone:",
      `  name: ${name}`,
      `  zonefile: ${name}.zone${signed ? ".signed" : ""}`,
    ]),
    "",
  ].join("\n");
}

function unboundConfig(
  dir: string,
  options: {
    port: number;
    nsdPort: number;
    anchors: readonly string[];
    names: readonly { name: string }[];
  },
): string {
  const ours = { address: `127.0.0.1@${options.nsdPort}`, zones: [".", ...options.names.map(({ name }) => name)] };
  return [
    "server:",
    "  interface: 127.0.0.1",
    `  port: ${options.port}`,
    "  do-daemonize: no",
    '  username: ""',
    '  chroot: ""',
    `  directory: "${dir}"`,
    '  pidfile: ""',
    '  logfile: ""',
    "  use-syslog: no",
    "  num-threads: 1",
    "  do-not-query-localhost: no",
    // Names below test are answered by Unbound itself unless it is told otherwise.
    '  local-zone: "test." nodefault',
    '  module-config: "validator iterator"',
    ...options.anchors.map((anchor) => `  trust-anchor: "${anchor}"`),
    "remote-control:",
    "  control-enable: no",
    // The root too: nothing is asked outside this machine.
    ...ours.zones.flatMap((zone) => ["forward-zone:", `  name: "${zone}"`, `  forward-addr: ${ours.address}`]),
    "",
  ].join("\n");
}

interface Started {
  readonly child: Deno.ChildProcess;
  /** Resolves when the server and its own children have ended. */
  readonly silent: Promise<void>;
}

/** Starts a server and waits for the line by which it says that it serves. */
async function started(program: string, args: readonly string[], line: string): Promise<Started> {
  const child = new Deno.Command(program, { args: [...args], stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const decoder = new TextDecoder();
  let said = "";
  const reader = child.stderr.getReader();
  const ready = (async () => {
    while (!said.includes(line)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`${program} ended:\n${said}`);
      said += decoder.decode(value, { stream: true });
    }
  })();
  await within(10_000, `${program} says "${line}"`, ready);
  // Read on, so that the server is never held up by a full pipe.
  const silent = (async () => {
    while (!(await reader.read()).done);
  })();
  return { child, silent };
}
