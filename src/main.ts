import { parseArgs } from "node:util";
import { jsonLog, systemClock, systemRandom } from "./base/mod.ts";
import { loadConfig } from "./config/mod.ts";
import { startDemo } from "./demo.ts";
import { startServer } from "./server.ts";

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { config: { type: "string" }, data: { type: "string" } },
});
const clock = systemClock();
const read = () =>
  loadConfig({ ...(values.config ? { file: values.config } : {}), ...(values.data ? { dataDir: values.data } : {}) });
const config = await read();
const log = jsonLog({ level: config.log.level, wallMs: () => clock.wallMs(), write: (line) => console.error(line) });
const server = process.argv[2] === "demo" ? await startDemo({ clock, log, random: systemRandom(), print: (line) => console.log(line) }) : await startServer({ config, reread: read, clock, log, random: systemRandom() });
process.on("SIGTERM", () => server.stop());
process.on("SIGINT", () => server.stop());
process.on("SIGHUP", () => void server.reload().catch((error) => log.error("reload failed", { error: String(error) })));
process.exit(await server.ended);
