/** Opens the index file given and obeys lines of its input: `read` begins a read transaction, `pages` prints how many pages are used. */
import { createInterface } from "node:readline";
import { open } from "lmdb";

const path = process.argv[2];
if (path === undefined) throw new Error("usage: reader.ts INDEX");
const db = open<Uint8Array, Uint8Array>({ path, noSubdir: true, encoding: "binary", keyEncoding: "binary", maxDbs: 1 });
const print = (line: string) => process.stdout.write(`${line}\n`);
print("open");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "read") {
    // Held until the process ends, however that is.
    db.useReadTransaction();
    print("reading");
  }
  if (line === "pages") print(String((db.getStats() as { lastPageNumber: number }).lastPageNumber));
}
