import type { Clock } from "../base/mod.ts";
import { type Address, formatAddress } from "../mail/address.ts";
import type { RouteVerdict } from "../messages/mod.ts";
import type { SenderRewriting } from "../policy/srs.ts";

/** The sender under which an alias forwards: a stranger's is rewritten, as our server may not send in his name (RFC 7208 §11.4). */
export function forwardSender(
  sender: Address,
  alias: Address,
  { routes, srs, clock }: {
    readonly routes: { resolve(address: Address): RouteVerdict | null };
    readonly srs: SenderRewriting;
    readonly clock: Clock;
  },
): string {
  const isStranger = routes.resolve(sender)?.type === "relayDenied";
  const rewritten = isStranger && alias.domain !== null ? srs.forward(sender, alias.domain, clock.wallMs()) : null;
  return rewritten ?? formatAddress(sender);
}
