import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of /proc in a second (USER_HZ, fixed at 100 for Linux's user space). */
const TICKS_PER_SECOND = 100;

/** CPU time in seconds. */
export interface CpuSeconds {
  readonly user: number;
  readonly system: number;
}

/** User and system time from one line of /proc/<pid>/stat; the name in it may hold spaces and parentheses. */
export function parseStat(line: string): CpuSeconds {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  // proc(5): utime is field 14 and stime 15; `fields` begins with field 3.
  return { user: Number(fields[11]) / TICKS_PER_SECOND, system: Number(fields[12]) / TICKS_PER_SECOND };
}

/** CPU time of a process and all its threads so far. */
export function processCpu(pid: number): CpuSeconds {
  return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"));
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
