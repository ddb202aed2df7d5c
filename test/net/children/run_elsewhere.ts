/**
 * Runs the conversations of this folder, or those that are named, on another runtime: gives them a `Deno.test`, then takes it
 * away again.
 */
const tests: { name: string; run: () => void | Promise<void> }[] = [];
const scope = globalThis as { Deno?: unknown };
type Options = { name: string; ignore: boolean; fn: () => void | Promise<void> };
scope.Deno = {
  test(first: string | Options, run?: () => void | Promise<void>) {
    if (typeof first === "string" && run !== undefined) tests.push({ name: first, run });
    else if (typeof first !== "string" && !first.ignore) tests.push({ name: first.name, run: first.fn });
  },
};
const named = process.argv.slice(2);
const files = named.length > 0 ? named : ["chaos", "connection", "listen", "tls", "unix", "certificate", "proxy"];
for (const file of files) await import(`../${file}_test.ts`);
delete scope.Deno;

let failed = 0;
for (const { name, run } of tests) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n${error instanceof Error ? error.stack : error}`);
  }
}
console.log(`${tests.length - failed} of ${tests.length} passed`);
process.exitCode = failed === 0 ? 0 : 1;
