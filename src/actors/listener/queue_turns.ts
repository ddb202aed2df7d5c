import { asFailure, describeError } from "../../base/mod.ts";
import { type Networks, parseNetworks } from "../../net/mod.ts";
import type { QueueNode, QueueTurn } from "../../protocol/smtp/mod.ts";
import type { FrontServices } from "./services.ts";

/** Who may ask for which mail that waits, as the config has it. */
export interface TurnPolicy {
  readonly networks: readonly string[];
  /** Addresses of accounts. */
  readonly accounts: readonly string[];
  /** Domains, `.domain` for all below it, or `*`. */
  readonly domains: readonly string[];
}

/** Who asks. */
export interface TurnClient {
  /** Null: not known. */
  readonly address: string | null;
  /** The account that has logged in. */
  readonly user: string | null;
}

/** Longest wait for the queue, in ms. */
const ASK_MS_MAX = 20_000;

interface Rule {
  readonly networks: Networks;
  readonly accounts: ReadonlySet<string>;
  readonly domains: readonly string[];
}

/** Who may ask by ETRN (RFC 1985), and for what. */
export class TurnRules {
  readonly #rules: readonly Rule[];

  constructor(policies: readonly TurnPolicy[]) {
    this.#rules = policies.map(({ networks, accounts, domains }) => ({
      networks: parseNetworks(networks),
      accounts: new Set(accounts),
      domains,
    }));
  }

  /** Whether nobody may. */
  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  mayAsk(client: TurnClient): boolean {
    return this.#rules.some((rule) => isOf(rule, client));
  }

  mayTurn(client: TurnClient, { domain, below }: Pick<QueueNode, "domain" | "below">): boolean {
    const domains = this.#rules.filter((rule) => isOf(rule, client)).flatMap((rule) => rule.domains);
    const named = domains.some((name) => name === domain);
    const above = domains.some((name) => name === "*" || (name.startsWith(".") && domain.endsWith(name)));
    return above || (named && (!below || domains.includes(`.${domain}`)));
  }
}

function isOf({ networks, accounts }: Rule, { address, user }: TurnClient): boolean {
  return (address !== null && networks.has(address)) || (user !== null && accounts.has(user));
}

/** Asks the queue to send what waits; never rejects. */
export async function askTurn(
  { domain, below }: QueueNode,
  { queue, log }: Pick<FrontServices, "queue" | "log">,
): Promise<QueueTurn> {
  try {
    const turned = await queue.ask("queue.turn", { domain, below }, { deadlineMs: ASK_MS_MAX });
    if (turned.type === "begun") return { type: "started" };
    if (turned.type === "pending") return turned;
    return turned.items === 0 ? { type: "none" } : { type: "counted", mails: turned.items };
  } catch (error) {
    const level = asFailure(error) === null ? "error" : "info";
    log[level]("queue not turned", { domain, error: describeError(error) });
    return { type: "unable" };
  }
}
