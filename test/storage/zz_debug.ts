import { seededRandom } from "../../src/base/mod.ts";
import { ACCOUNTS, picture, randomStep } from "./model_steps.ts";
import { openDisk, openMemory } from "./support.ts";
const seed = Number(Deno.args[0]), together = Number(Deno.args[1] ?? 1);
const random = seededRandom(seed);
const limits = { segmentBytesMax: 2_000, keywordsMax: 4, mailboxesMax: 11, formerNamesMax: 2, settingsBytesMax: 6_000 };
const [disk, memory] = [await openDisk(limits), await openMemory(limits)];
const shards = [disk.shard, memory.shard];
const log: string[] = [];
const spy = (s: any, on: boolean) => new Proxy(s, { get(t, p) { const v = t[p]; return typeof v === "function" ? (...a: any[]) => { if (on) log.push(`${String(p)}(${JSON.stringify(a, (k, x) => x instanceof Uint8Array ? `#${x.length}` : x)})`); return v.apply(t, a); } : v; } });
const epochs = shards.map((s) => s.status(ACCOUNTS[0]!, 1).uidValidity);
const fix = (e: number) => (x: any) => { if (x && typeof x === "object" && "uidValidity" in x) return { ...x, uidValidity: x.uidValidity - e }; return x; };
const together1 = together === 1;
const plain = together1 ? (v: any) => JSON.stringify(v) : (v: any) => JSON.stringify(v, (k, x) => /modSeq|changes|modified/i.test(k) ? undefined : x);
let n = 0;
while (n < 160) {
  const steps = Array.from({ length: together }, () => randomStep(seededRandom(Math.floor(random.next() * 2 ** 31)), n++, together1));
  log.length = 0;
  const a = await Promise.all(steps.map((st) => st(spy(shards[0], true)).then(fix(epochs[0]!), (e: any) => e.kind ?? e)));
  const calls = [...log];
  const b = await Promise.all(steps.map((st) => st(shards[1]!).then(fix(epochs[1]!), (e: any) => e.kind ?? e)));
  const pa = plain(picture(shards[0]!, epochs[0]!)), pb = plain(picture(shards[1]!, epochs[1]!));
  const bad = plain(a) !== plain(b) || pa !== pb;
  if (Deno.args[2] || bad) console.log(n, calls.map((c, i) => `\n   ${c}\n     disk ${JSON.stringify(a[i])}\n     mem  ${JSON.stringify(b[i])}`).join(""));
  if (bad) { let i = 0; while (pa[i] === pb[i] && i < pa.length) i++; console.log("DIFF disk", pa.slice(Math.max(0,i-200), i + 200), "\nDIFF mem", pb.slice(Math.max(0,i-200), i + 200)); break; }
}
await disk.close(); await memory.close();
