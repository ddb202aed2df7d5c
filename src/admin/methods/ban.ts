import * as z from "zod";
import { Failure } from "../../base/mod.ts";
import type { BanRecord } from "../../messages/mod.ts";
import { read, write } from "../method.ts";
import { PAGE } from "./fields.ts";
import { changed, listed, said } from "./shows.ts";

const network = z.string().min(1).max(64).describe("Address or network: 192.0.2.7, 192.0.2.0/24, 2001:db8::/64");

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `90s`, `30m`, `2h`, `7d`, `1w` in ms. Throws Failure `invalid`. */
function durationMs(text: string): number {
  const [, number, unit = ""] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  const ms = Number(number) * (UNIT_MS[unit] ?? Number.NaN);
  if (Number.isNaN(ms)) throw new Failure("invalid", "a duration is a number and s, m, h, d or w: 90s, 2h, 7d");
  return ms;
}

function untilText({ until }: BanRecord): string {
  return until === null ? "for good" : `until ${until.slice(0, 19)}Z`;
}

export const banAdd = write({
  name: "ban.add",
  summary: "Refuse connections of an address or a network, and end those it has; --for 2h, else for good",
  params: {
    address: network,
    for: z.string().max(16).optional().describe("How long: 90s, 30m, 2h, 7d; else for good"),
  },
  verbs: [{
    usage: "ban add ADDRESS",
    show: (record: BanRecord) => said(`${record.network} is banned ${untilText(record)}`),
  }],
  run: ({ address, for: duration, reason, dryRun }, { directory }) =>
    directory.ask("directory.banAdd", {
      ...changed({ dryRun }),
      network: address,
      forMs: duration === undefined ? null : durationMs(duration),
      reason: reason ?? "",
    }),
});

export const banList = read({
  name: "ban.list",
  summary: "All bans that hold, by network",
  params: PAGE,
  verbs: [{
    usage: "ban list",
    show: listed<BanRecord>(["NETWORK", "UNTIL", "BY", "REASON"], (record) => [
      record.network,
      record.until?.slice(0, 19) ?? "for good",
      record.by,
      record.reason,
    ]),
  }],
  run: ({ limit, cursor }, { directory }) =>
    directory.ask("directory.banList", { domain: null, after: cursor ?? null, limit }),
});

export const banRemove = write({
  name: "ban.rm",
  synonyms: ["ban.remove"],
  summary: "Lift a ban",
  params: { address: network },
  verbs: [{
    usage: "ban rm ADDRESS",
    show: (record: BanRecord) => said(`${record.network} may connect again`),
  }],
  run: ({ address, dryRun }, { directory }) =>
    directory.ask("directory.banRemove", changed({ network: address, dryRun })),
});
