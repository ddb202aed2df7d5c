import { type Address, formatAddress } from "../../mail/address.ts";
import type { AccountRecord } from "../../messages/mod.ts";
import type { RecipientVerdict } from "../../protocol/smtp/mod.ts";
import { forwardSender } from "../forward_sender.ts";
import type { FrontServices } from "./services.ts";

/** Who sends, as far as it matters to where mail may go. */
export interface Sending {
  /** Null is the null reverse-path. */
  readonly sender: Address | null;
  /** Whether the client may send to other servers. */
  readonly mayRelay: boolean;
}

/** An address on another server, and the reverse-path under which mail goes there. */
export interface Forward {
  readonly address: string;
  /** Without brackets; "" is the null reverse-path. */
  readonly sender: string;
}

/** Where one recipient of a mail leads: to accounts here, to other servers, to both; or why to nobody. */
export type Leads =
  | { readonly type: "accepted"; readonly accounts: readonly AccountRecord[]; readonly forwards: readonly Forward[] }
  | { readonly type: Exclude<RecipientVerdict, "accepted"> };

type Services = Pick<FrontServices, "routes" | "srs" | "clock">;

/** Where a recipient leads; an await is never needed, as the routing table is beside us. */
export function leadsTo(recipient: Address, sending: Sending, services: Services): Leads {
  const verdict = services.routes.resolve(recipient);
  if (verdict === null) return { type: "busy" };
  const { sender, mayRelay } = sending;
  if (verdict.type === "relayDenied") {
    if (!mayRelay) return verdict;
    return {
      type: "accepted",
      accounts: [],
      forwards: [{ address: formatAddress(recipient), sender: pathOf(sender) }],
    };
  }
  // Only reports come to an address under which we forwarded; their way leads back to who sent first.
  const origin = sender === null ? services.srs.reverse(recipient.local, services.clock.wallMs()) : null;
  if (origin !== null) return back(origin, services);
  if (verdict.type !== "local") return verdict;
  // A list is seen to from the queue, which keeps the mail until that is done.
  const lists = verdict.lists.map(({ address }) => ({ address, sender: pathOf(sender) }));
  const under = sender === null ? "" : forwardSender(sender, recipient, services);
  const elsewhere = verdict.forwards.map((address) => ({ address, sender: under }));
  const forwards = [...lists, ...elsewhere];
  if (verdict.accounts.length + forwards.length === 0) return { type: "unknownUser" };
  return { type: "accepted", accounts: verdict.accounts, forwards };
}

/** To the first sender of a mail that we forwarded, who may be here by now. */
function back(origin: Address, { routes }: Services): Leads {
  const verdict = routes.resolve(origin);
  const forwards = [{ address: formatAddress(origin), sender: "" }];
  if (verdict?.type === "relayDenied") return { type: "accepted", accounts: [], forwards };
  if (verdict?.type === "local") {
    const addresses = [...verdict.forwards, ...verdict.lists.map(({ address }) => address)];
    const onwards = addresses.map((address) => ({ address, sender: "" }));
    return { type: "accepted", accounts: verdict.accounts, forwards: onwards };
  }
  return { type: verdict?.type ?? "busy" };
}

function pathOf(sender: Address | null): string {
  return sender === null ? "" : formatAddress(sender);
}
