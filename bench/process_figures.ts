import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of /proc in a second (USER_HZ, fixed at 100 for Linux's user space). */
const TICKS_PER_SECOND = 100;

/** CPU time in seconds. */
export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

/**
 * User and system time from one line of /proc/<pid>/stat: its own, or its ended children's. The name in it may hold spaces
 * and parentheses.
 */
export function parseStat(line: string, options: { readonly children?: boolean } = {}): CpuSeconds {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  // proc(5): utime is field 14, stime 15, cutime 16 and cstime 17; `fields` begins with field 3.
  const at = options.children === true ? 13 : 11;
  return { user: Number(fields[at]) / TICKS_PER_SECOND, system: Number(fields[at + 1]) / TICKS_PER_SECOND };
}

/** CPU time of a process and all its threads so far. */
export function processCpu(pid: number): CpuSeconds {
  return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/**
 * CPU time of processes, of all that descend from them and live, and of those that ended and were waited for: what a
 * server of many processes used.
 */
export function treeCpu(roots: readonly number[]): CpuSeconds {
  const total = { user: 0, system: 0 };
  for (const line of treeStats(roots).values()) {
    const [own, ended] = [parseStat(line), parseStat(line, { children: true })];
    total.user += own.user + ended.user;
    total.system += own.system + ended.system;
  }
  return total;
}

/** Memory of processes and of all that descend from them, in bytes; what several share is counted once (PSS). */
export function treeMemory(roots: readonly number[]): number {
  let total = 0;
  for (const pid of treeStats(roots).keys()) {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      total += Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1_024;
    } catch {
      // Ended meanwhile.
    }
  }
  return total;
}

/** The line of /proc/<pid>/stat of each process that is one of `roots` or descends from one. */
function treeStats(roots: readonly number[]): Map<number, string> {
  const children = new Map<number, number[]>();
  const lines = new Map<number, string>();
  for (const name of readdirSync("/proc")) {
    const line = /^[0-9]+$/.test(name) ? statLine(Number(name)) : null;
    if (line === null) continue;
    lines.set(Number(name), line);
    const parent = parentOf(line);
    children.set(parent, [...children.get(parent) ?? [], Number(name)]);
  }
  const waiting = [...roots];
  const found = new Map<number, string>();
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const line = lines.get(pid);
    if (line === undefined) continue;
    found.set(pid, line);
    waiting.push(...children.get(pid) ?? []);
  }
  return found;
}

function statLine(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null; // Ended meanwhile.
  }
}

function parentOf(line: string): number {
  return Number(line.slice(line.lastIndexOf(")") + 2).split(" ")[1]);
}

/** CPU time of each thread of a process, by thread id, with the thread's name. */
export function threadCpu(pid: number): Map<number, CpuSeconds & { readonly name: string }> {
  const threads = new Map<number, CpuSeconds & { readonly name: string }>();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    const line = readFileSync(`/proc/${pid}/task/${id}/stat`, "utf8");
    const name = line.slice(line.indexOf("(") + 1, line.lastIndexOf(")"));
    threads.set(Number(id), { ...parseStat(line), name });
  }
  return threads;
}

/** Resident memory of a process in bytes. */
export function processRss(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
}

/** Whether this system shows processes the way Linux does. */
export function hasProc(): boolean {
  try {
    readFileSync("/proc/self/stat");
    return true;
  } catch {
    return false;
  }
}
