import type { Clock, Log, Random } from "../../base/mod.ts";
import type {
  DirectoryProtocol,
  GreylistProtocol,
  PolicyProtocol,
  QueueProtocol,
  RouteVerdict,
  SessionRow,
  SigningDomain,
} from "../../messages/mod.ts";
import type { SenderRewriting } from "../../policy/srs.ts";
import type { Address } from "../../mail/address.ts";
import type { ActorAddress, ActorSystem, Ref } from "../../runtime/types.ts";
import type { MailboxRefs } from "../mailbox_refs.ts";
import type { Admission } from "./admission.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import type { ContentPolicy } from "./content_policy.ts";
import type { TogetherBudget } from "./together.ts";
import type { Counters } from "./counters.ts";
import type { Viewers } from "./viewers.ts";

/** What the routing actor beside a listener answers at once, from its replica of the directory. */
export interface Routes {
  /** Null until the first snapshot has come. */
  resolve(address: Address): RouteVerdict | null;
  /** Whose keys sign for this domain; null when nobody's do. */
  signer(domain: string): SigningDomain | null;
}

/** What becomes of mail that should be signed and cannot be for the time being: it comes again later, or goes without. */
export type WithoutSignature = "defer" | "send";

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
  /** Which session shows which view of a mailbox. */
  readonly viewers: Viewers;
  /** Takes over what goes to other servers. */
  readonly queue: Ref<QueueProtocol>;
  /** Stands for this worker where others watch it. */
  readonly presence: ActorAddress;
  readonly hostname: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly memory: MemoryBudget;
  readonly changesTogether: TogetherBudget;
  readonly appendsTogether: TogetherBudget;
  readonly counters: Counters;
  /** Who may connect, and how much each may do. */
  readonly admission: Admission;
  /** Whether there are block lists, which the policy actor asks about strangers. */
  readonly lists: boolean;
  /** Which mail is shown to scanners, and what is junk. */
  readonly content: ContentPolicy;
  /** Puts strangers off the first time; null: nobody is. */
  readonly greylist: Ref<GreylistProtocol> | null;
}

/** Why a session is ended that might go on. */
export type Dismissal = "kicked" | "banned" | "errors";

/** A session that is being served, as the listener sees it. */
export interface Front {
  readonly id: string;
  /** The client's. */
  readonly address: string;
  /** Says why and closes, whatever the session does; a message that is being stored is answered first. */
  dismiss(why: Dismissal): void;
  /** What an operator may see of it. */
  view(): Omit<SessionRow, "service">;
  /** Finish what is under way, say good-bye, close. */
  shutDown(): void;
}
