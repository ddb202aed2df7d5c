import {
  asFailure,
  type Cancel,
  type Clock,
  describeError,
  type Log,
  type Random,
  type Resolver,
} from "../../base/mod.ts";
import type { DomainName } from "../../mail/mod.ts";
import type { QueueProtocol } from "../../messages/mod.ts";
import {
  type DayReport,
  packTlsReport,
  parseReportRecord,
  REPORT_DAY_MS,
  reportRecordName,
  reportSubmitter,
  type ReportTarget,
  type TlsReports,
  type TlsReportSettings,
} from "../../policy/mod.ts";
import { httpsPost } from "../../net/mod.ts";
import type { Ref } from "../../runtime/mod.ts";
import { newMailId } from "../mail_id.ts";
import type { TlsCountMemory } from "./tls_count_memory.ts";

/** What reports are sent with. */
export interface TlsReportingOptions {
  readonly settings: TlsReportSettings;
  readonly reports: TlsReports;
  /** Keeps the counts over a restart; absent: nobody does. */
  readonly memory?: Pick<TlsCountMemory, "over" | "keep">;
  readonly resolver: Pick<Resolver, "a" | "aaaa" | "txt">;
  /** Whether an address that the DNS named must not be connected to. */
  readonly isForbidden: (address: string) => boolean;
  /** Writes, signs and sends what goes by mail. */
  readonly queue: Ref<QueueProtocol>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Certificates that servers which take reports are checked by instead of the system's, as PEM. */
  readonly ca?: string;
}

/** The day's reports leave at a random time within this after its end, in ms: not everybody's at midnight (RFC 8460 §4.1). */
const SPREAD_MS = 4 * 60 * 60 * 1000;
/** Pause before a report is tried again that could not be sent, in ms, and how often it is tried: for a day (RFC 8460 §5.5). */
const AGAIN_MS = 3_600_000;
const TRIES_MAX = 24;
/** Addresses of one domain that get its report: the DNS of a stranger must not make us write to a crowd. */
const TARGETS_MAX = 2;
/** Longest wait for the queue, and for a server that takes reports, in ms. */
const ASK_MS_MAX = 60_000;
const POST_MS_MAX = 60_000;

/** A report on its way. */
interface Due {
  readonly report: DayReport;
  /** Its identity, for each target the same at every try, so that none gets it twice. */
  readonly id: string;
  readonly done: Set<string>;
  tries: number;
}

/** Sends each domain that asks for it, once a day, what became of TLS with its hosts (RFC 8460). */
export class TlsReporting {
  /** As many as were counted at a time: the limit of the counting bounds them. */
  #due: Due[] = [];
  /** Why the queue last refused to send one. */
  #refusal: string | null = null;
  #cancel: Cancel = () => {};
  #stopped = false;

  constructor(private readonly options: TlsReportingOptions) {}

  /** From now on, every day. */
  start(): void {
    if (this.#stopped) return;
    const { clock, random, reports } = this.options;
    const wallMs = clock.wallMs();
    const nextDayMs = (Math.floor(wallMs / REPORT_DAY_MS) + 1) * REPORT_DAY_MS + random.next() * SPREAD_MS;
    // Days that are over already were counted in an earlier life.
    const delayMs = this.#due.length > 0 || reports.due ? AGAIN_MS : nextDayMs - wallMs;
    this.#cancel = clock.after(delayMs, () => {
      void this.#round().finally(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #round(): Promise<void> {
    const { reports, clock, random, memory } = this.options;
    const fresh = reports.takeDue().map((report): Due => ({
      report,
      id: newMailId(clock, random),
      done: new Set(),
      tries: 0,
    }));
    const round = [...this.#due, ...fresh];
    this.#due = [];
    for (const due of round) {
      if (this.#stopped) return;
      if (!await this.#send(due) && ++due.tries < TRIES_MAX) this.#due.push(due);
      else memory?.over(due.report);
    }
    await memory?.keep();
  }

  /** Whether there is nothing more to do for a report. */
  async #send(due: Due): Promise<boolean> {
    const { domain } = due.report;
    const targets = await this.#targets(domain);
    if (targets === null) return false;
    let over = true;
    for (const [i, target] of targets.entries()) {
      const name = target.type === "mailto" ? target.address : target.url;
      if (due.done.has(name)) continue;
      const again = await this.#sendTo(target, { ...due, id: `${due.id}${i}` });
      if (again) over = false;
      else due.done.add(name);
    }
    return over;
  }

  /** Null: the name servers do not answer. */
  async #targets(domain: DomainName): Promise<readonly ReportTarget[] | null> {
    try {
      const answer = await this.options.resolver.txt(reportRecordName(domain));
      return parseReportRecord(answer.type === "found" ? answer.records : []).slice(0, TARGETS_MAX);
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      return failure.temporary ? null : [];
    }
  }

  /** Whether it is to be tried again. */
  async #sendTo(target: ReportTarget, { report, id }: Due): Promise<boolean> {
    const { queue, log } = this.options;
    const { domain } = report;
    try {
      if (target.type === "mailto") {
        await queue.ask("queue.tlsReport", { id, to: target.address, report }, { deadlineMs: ASK_MS_MAX });
      } else await this.#post(target.url, report, id);
      log.info("TLS report", { domain, day: new Date(report.dayMs).toISOString().slice(0, 10), by: target.type });
      return false;
    } catch (error) {
      const failure = asFailure(error);
      if (failure === null) throw error;
      // What nobody signs is refused for every domain, every day: told once.
      const known = failure.kind === "refused" && target.type === "mailto" && failure.message === this.#refusal;
      if (failure.kind === "refused" && target.type === "mailto") this.#refusal = failure.message;
      log[known ? "debug" : "warn"]("TLS report not sent", { domain, by: target.type, error: describeError(failure) });
      return failure.temporary;
    }
  }

  /** RFC 8460 §5.4. */
  async #post(url: string, report: DayReport, id: string): Promise<void> {
    const { settings, resolver, isForbidden, clock, ca } = this.options;
    const { hostname, port, pathname, search } = new URL(url);
    await httpsPost({
      host: hostname,
      path: `${pathname}${search}`,
      mediaType: "application/tlsrpt+gzip",
      body: packTlsReport(report, reportSubmitter(settings, id)),
      timeMsMax: POST_MS_MAX,
      resolver,
      isForbidden,
      clock,
      ...(port === "" ? {} : { port: Number(port) }),
      ...(ca === undefined ? {} : { ca }),
    });
  }
}
