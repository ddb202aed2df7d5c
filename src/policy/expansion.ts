import type { RoutableAccount, Route, RoutedList } from "./route_types.ts";

/** Addresses that one recipient may turn into, aliases on the way included; beyond it the route is a loop (550 5.4.6). */
export const EXPANSION_MAX = 1_000;

/** Aliases that may follow each other. */
export const DEPTH_MAX = 20;

/** Sentences kept of one route: enough for an operator to follow, few for an alias with a thousand targets. */
const STEPS_MAX = 50;

/** What has been found so far while one recipient is followed through aliases. */
export class Expansion<A extends RoutableAccount> {
  readonly #accounts = new Map<string, A>();
  readonly #forwards = new Set<string>();
  /** By the list's address and what it is to do. */
  readonly #lists = new Map<string, RoutedList>();
  readonly #steps: string[] = [];
  /** Addresses being expanded at this moment: meeting one again is a loop. */
  readonly #path = new Set<string>();
  /** Addresses expanded already: a second way to them adds nothing. */
  readonly #done = new Set<string>();
  #visited = 0;
  #endless = false;
  #disabled = false;

  /** Whether to go on into `address`; pair with `leave`. */
  enter(address: string): boolean {
    if (this.#endless || this.#done.has(address)) return false;
    if (this.#path.has(address)) return this.#stop(`${address} leads back to itself`);
    if (this.#path.size >= DEPTH_MAX) return this.#stop(`more than ${DEPTH_MAX} aliases follow each other`);
    this.#path.add(address);
    return true;
  }
  leave(address: string): void {
    this.#path.delete(address);
    this.#done.add(address);
  }
  /** Counts one more target of an alias; false when it is one too many. */
  visit(): boolean {
    if (this.#endless) return false;
    return ++this.#visited <= EXPANSION_MAX || this.#stop(`it expands to more than ${EXPANSION_MAX} addresses`);
  }
  deliverTo(account: A): void {
    if (account.disabled) return this.disabled(`account ${account.address} is disabled`);
    this.#accounts.set(account.id, account);
    this.step(`${account.address} is account ${account.id}`);
  }
  /** An alias points to another server. */
  forwardTo(address: string): void {
    this.#forwards.add(address);
    this.step(`${address} is on another server`);
  }
  /** A list takes it from here: its members are not for routing to know. */
  toList(target: RoutedList): void {
    this.#lists.set(`${target.role} ${target.list}`, target);
    this.step(target.role === "post" ? `${target.list} is a list` : `${target.address} is the list ${target.list}`);
  }
  disabled(step: string): void {
    this.#disabled = true;
    this.step(step);
  }
  step(text: string): void {
    if (this.#steps.length < STEPS_MAX) this.#steps.push(text);
    else if (this.#steps.length === STEPS_MAX) this.#steps.push("…");
  }
  /** The verdict over all that was found: whoever can have the mail gets it, unless the aliases are without end. */
  route(): Route<A> {
    const steps = this.#steps;
    if (this.#endless) return { type: "loop", steps };
    if (this.#accounts.size + this.#forwards.size + this.#lists.size > 0) {
      const [accounts, lists] = [[...this.#accounts.values()], [...this.#lists.values()]];
      return { type: "local", accounts, forwards: [...this.#forwards], lists, steps };
    }
    return { type: this.#disabled ? "disabled" : "unknownUser", steps };
  }
  #stop(step: string): false {
    this.#endless = true;
    this.step(step);
    return false;
  }
}
