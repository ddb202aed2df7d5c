import type { Clock, Log, Random } from "../../base/mod.ts";
import type { Address } from "../../mail/address.ts";
import type { DeliveryProtocol, ListProtocol, RouteVerdict, TextProtocol } from "../../messages/mod.ts";
import type { ListKeys } from "../../policy/list/mod.ts";
import type { RetryPolicy } from "../../policy/retry.ts";
import type { TlsReportSettings } from "../../policy/tls/mod.ts";
import type { SenderRewriting } from "../../policy/srs.ts";
import type { Ref } from "../../runtime/types.ts";
import type { QueueStore } from "../../storage/mod.ts";
import type { MailboxRefs } from "../mailbox_refs.ts";
import type { DispatchLimits } from "./dispatcher.ts";
import type { ReportSigning } from "./report_signing.ts";

/** What the parts of the queue actor work with. */
export interface QueueServices {
  readonly store: QueueStore;
  /** Answers from the replica of the directory beside the queue; null until the first snapshot has come. */
  readonly routes: { resolve(address: Address): RouteVerdict | null };
  readonly mailboxes: MailboxRefs;
  /** Whom the addresses under which we forward lead back to. */
  readonly srs: SenderRewriting;
  /** One for each delivery worker. */
  readonly deliveries: readonly Ref<DeliveryProtocol>[];
  /** Sees to mail for lists. */
  readonly lists: Ref<ListProtocol>;
  readonly listKeys: ListKeys;
  readonly policy: RetryPolicy;
  readonly dispatch: DispatchLimits;
  /** Name of this server in reports. */
  readonly hostname: string;
  /** Makes MIME indexes of what is delivered here; absent: they are made when somebody looks. */
  readonly indexer?: Ref<TextProtocol>;
  /** Absent: reports go unsigned. */
  readonly signing?: ReportSigning;
  /** In whose name reports on TLS are sent; absent: none are. */
  readonly tlsReports?: TlsReportSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
