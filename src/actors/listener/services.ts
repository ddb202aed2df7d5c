import type { Clock, Log, Random } from "../../base/mod.ts";
import type {
  DirectoryProtocol,
  PolicyProtocol,
  QueueProtocol,
  RouteVerdict,
  SigningDomain,
} from "../../messages/mod.ts";
import type { SenderRewriting } from "../../policy/srs.ts";
import type { Address } from "../../mail/address.ts";
import type { ActorAddress, ActorSystem, Ref } from "../../runtime/types.ts";
import type { MailboxRefs } from "../mailbox_refs.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import type { Counters } from "./counters.ts";
import type { WithoutSignature } from "./signing.ts";

/** What the routing actor beside a listener answers at once, from its replica of the directory. */
export interface Routes {
  /** Null until the first snapshot has come. */
  resolve(address: Address): RouteVerdict | null;
  /** Whose keys sign for this domain; null when nobody's do. */
  signer(domain: string): SigningDomain | null;
}

/** What every session of a listener worker shares. */
export interface FrontServices {
  readonly system: ActorSystem;
  readonly routes: Routes;
  readonly mailboxes: MailboxRefs;
  readonly directory: Ref<DirectoryProtocol>;
  /** Tells who a mail from outside is from, and signs what users send. */
  readonly policy: Ref<PolicyProtocol>;
  /** What becomes of mail that cannot be signed for the time being. */
  readonly withoutSignature: WithoutSignature;
  /** Under which senders mail is forwarded. */
  readonly srs: SenderRewriting;
  /** Takes over what goes to other servers. */
  readonly queue: Ref<QueueProtocol>;
  /** Stands for this worker where others watch it. */
  readonly presence: ActorAddress;
  readonly hostname: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly memory: MemoryBudget;
  readonly counters: Counters;
}

/** A session that is being served, as the listener sees it when it drains. */
export interface Front {
  /** Finish what is under way, say good-bye, close. */
  shutDown(): void;
}
