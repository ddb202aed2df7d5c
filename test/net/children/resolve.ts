/** Asks a name server for many names at once, then for one more, and prints how each ended: run with few file descriptors. */
import { Failure, systemClock, systemRandom } from "../../../src/base/mod.ts";
import { createResolver } from "../../../src/net/mod.ts";

process.once("SIGTERM", () => process.exit(0));

const [server = "", count = "1"] = process.argv.slice(2);
const resolver = createResolver({
  servers: [server],
  trustAd: false,
  limits: { roundsMax: 1 },
  clock: systemClock(),
  random: systemRandom(),
});
/** The type of the answer, or the kind of the Failure. */
async function outcome(name: string): Promise<string> {
  try {
    return (await resolver.a(name)).type;
  } catch (error) {
    return error instanceof Failure ? error.kind : String(error);
  }
}
const many = await Promise.all(Array.from({ length: Number(count) }, (_, i) => outcome(`n${i}.example.test`)));
console.log(JSON.stringify({ many: [...new Set(many)].sort(), last: await outcome("last.example.test") }));
