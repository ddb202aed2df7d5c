import type { DeliveryReport } from "../../messages/mod.ts";
import type { Waiting } from "./rows.ts";
import type { QueueServices } from "./services.ts";
import type { Settlement } from "./settle.ts";

/** An item that was tried, or given up, and how that went. */
export interface Concluded extends Waiting {
  readonly report: DeliveryReport;
}

/** One line for each attempt: who was asked, how it went, what comes next. */
export function noteAttempt(
  { item, message, report }: Concluded,
  { counts, next }: Settlement,
  { log, store }: Pick<QueueServices, "log" | "store">,
): void {
  const { outcomes, host, tls } = report;
  const worst = outcomes.find(({ action }) => action === "failed") ?? outcomes[0]!;
  log.info("attempt", {
    id: message.envelope.id,
    item: item.item,
    destination: item.destination,
    host: host === null ? null : `${host.name} [${host.address}]`,
    tls,
    ...counts,
    code: worst.code,
    status: worst.status,
    reply: worst.text,
    nextInMs: next === null ? null : Math.round(next.dueMs - store.nowMs()),
  });
  if (counts.failed > 0 && message.envelope.sender === "") {
    log.warn("report undeliverable", { id: message.envelope.id, destination: item.destination });
  }
}
