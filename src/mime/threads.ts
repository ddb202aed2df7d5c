import { cut, type ForestNode, hang, rootOf } from "./forest.ts";

/** What threading asks of a message. */
export interface ThreadedMessage {
  readonly number: number;
  /** Sent date, or time of arrival where there is none (RFC 5256 §2.2). */
  readonly sentMs: number;
  readonly arrivedMs: number;
  /** RFC 5256 §2.1, in the form in which it is compared. */
  readonly baseSubject: string;
  /** The subject is one of a reply or forward. */
  readonly reply: boolean;
  readonly messageId: string | null;
  /** Ids of References, else the first of In-Reply-To. */
  readonly references: readonly string[];
}

/** A message with those below it; `number` null: one that is not there. */
export interface Thread {
  readonly number: number | null;
  readonly children: readonly Thread[];
}

interface Node extends ForestNode {
  /** Null: a message that others name, and that is not among these. */
  message: ThreadedMessage | null;
  parent: Node | null;
  /** The node under which it is shown, once that is known. */
  shownUnder: Node | null | undefined;
  children: Node[];
}

/** ORDEREDSUBJECT (RFC 5256 §3): messages of one base subject, the first one above all others. */
export function threadBySubject(messages: readonly ThreadedMessage[]): Thread[] {
  const bySubject = new Map<string, ThreadedMessage[]>();
  for (const message of messages.toSorted(byDate)) {
    const group = bySubject.get(message.baseSubject);
    if (group === undefined) bySubject.set(message.baseSubject, [message]);
    else group.push(message);
  }
  return [...bySubject.values()].map(([first, ...others]) => ({
    number: first!.number,
    children: others.map(({ number }) => ({ number, children: [] })),
  }));
}

/** REFERENCES (RFC 5256 §3). Without recursion: a thread may be as deep as there are messages. */
export function threadByReferences(messages: readonly ThreadedMessage[]): Thread[] {
  const heads = joinSubjects(sortedByDate(linked(messages)));
  sortBelow(heads);
  return sortedByDate(heads).map(toThread);
}

/** REFS (draft-ietf-morg-inthread-01 §4): as REFERENCES without a look at subjects, and the thread to which a message came last is the last. */
export function threadByRefs(messages: readonly ThreadedMessage[]): Thread[] {
  const heads = sortedByDate(linked(messages));
  sortBelow(heads);
  const came = new Map(heads.map((head) => [head, lastArrival(head)]));
  return heads.toSorted((one, other) => came.get(one)! - came.get(other)!).map(toThread);
}

/** Steps 1 to 3: the heads of all threads. About n log n steps, whatever the messages say of each other. */
function linked(messages: readonly ThreadedMessage[]): Node[] {
  const nodes = messages.map(newNode);
  const byId = nodesById(nodes);
  for (const node of nodes) linkMessage(node, node.message!.references.map((id) => nodeOf(id, byId)));
  return withoutDummies(nodes);
}

function newNode(message: ThreadedMessage | null): Node {
  return { message, parent: null, shownUnder: undefined, children: [], up: null, left: null, right: null };
}

/** Of several messages with one id the first has it (step 1.A). */
function nodesById(nodes: readonly Node[]): Map<string, Node> {
  const byId = new Map<string, Node>();
  for (const node of nodes) {
    const id = node.message?.messageId ?? null;
    if (id !== null && !byId.has(id)) byId.set(id, node);
  }
  return byId;
}

function nodeOf(id: string, byId: Map<string, Node>): Node {
  const known = byId.get(id);
  if (known !== undefined) return known;
  const dummy = newNode(null);
  byId.set(id, dummy);
  return dummy;
}

/** Step 1 for one message. */
function linkMessage(node: Node, references: readonly Node[]): void {
  // Step 1.A: a link that there is stays.
  for (let i = 1; i < references.length; i++) {
    if (references[i]!.parent === null) link(references[i - 1]!, references[i]!);
  }
  // Step 1.B: what the message itself says counts more than what others said of it.
  const parent = references.at(-1) ?? null;
  if (node.parent === parent) return;
  if (node.parent !== null) cut(node);
  node.parent = null;
  if (parent !== null) link(parent, node);
}

/** Makes `parent` the parent of `child`, which has none, if no loop comes of it: who has no parent is the root of all that hangs below it. */
function link(parent: Node, child: Node): void {
  if (rootOf(parent) === child) return;
  hang(child, parent);
  child.parent = parent;
}

/** Steps 2 and 3: dummies go, but those at the top that hold several messages together. */
function withoutDummies(nodes: readonly Node[]): Node[] {
  const top: Node[] = [];
  const dummies = new Set<Node>();
  for (const node of nodes) {
    const above = shownUnder(node);
    if (above === null) top.push(node);
    else {
      above.children.push(node);
      if (above.message === null) dummies.add(above);
    }
  }
  for (const dummy of dummies) top.push(dummy.children.length === 1 ? dummy.children[0]! : dummy);
  return top;
}

/** The nearest message above a node, else the highest dummy, else null. */
function shownUnder(node: Node): Node | null {
  const way: Node[] = [];
  let at: Node = node;
  let above: Node | null | undefined;
  for (;;) {
    above = at.shownUnder;
    if (above !== undefined) break;
    way.push(at);
    const { parent } = at;
    if (parent === null) above = at.message === null && at !== node ? at : null;
    else if (parent.message !== null) above = parent;
    else {
      at = parent;
      continue;
    }
    break;
  }
  for (const each of way) each.shownUnder = each === above ? undefined : above;
  return above;
}

/** Step 5: threads of one subject become one. */
function joinSubjects(heads: readonly Node[]): Node[] {
  const table = subjectTable(heads);
  const gone = new Set<Node>();
  const made: Node[] = [];
  for (const head of heads) {
    const subject = subjectOf(head);
    const first = subject === "" ? head : table.get(subject)!;
    if (first === head) continue;
    gone.add(head);
    if (first.message === null) {
      if (head.message === null) { for (const child of head.children) first.children.push(child); }
      else first.children.push(head);
    } else if (isReply(head) && !isReply(first)) first.children.push(head);
    else {
      const dummy = newNode(null);
      dummy.children.push(first, head);
      gone.add(first);
      made.push(dummy);
      table.set(subject, dummy);
    }
  }
  return [...heads.filter((head) => !gone.has(head)), ...made];
}

function subjectTable(heads: readonly Node[]): Map<string, Node> {
  const table = new Map<string, Node>();
  for (const head of heads) {
    const subject = subjectOf(head);
    if (subject === "") continue;
    const known = table.get(subject);
    const replaces = known === undefined ||
      (known.message !== null && (head.message === null || (isReply(known) && !isReply(head))));
    if (replaces) table.set(subject, head);
  }
  return table;
}

function subjectOf(node: Node): string {
  return firstMessage(node).baseSubject;
}

function isReply({ message }: Node): boolean {
  return message?.reply === true;
}

/** The message itself, of a dummy its first child. */
function firstMessage(node: Node): ThreadedMessage {
  return node.message ?? node.children[0]!.message!;
}

/** Step 6, below the heads. */
function sortBelow(heads: readonly Node[]): void {
  const waiting = [...heads];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    node.children = sortedByDate(node.children);
    for (const child of node.children) waiting.push(child);
  }
}

/** Siblings by sent date; children of dummies are put in order first, as a dummy has the date of the first. */
function sortedByDate(siblings: readonly Node[]): Node[] {
  for (const node of siblings) if (node.message === null) node.children = sortedByDate(node.children);
  return siblings.toSorted((one, other) => byDate(firstMessage(one), firstMessage(other)));
}

/** When the last message of a thread came. */
function lastArrival(head: Node): number {
  let last = -Infinity;
  const waiting = [head];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.message !== null) last = Math.max(last, node.message.arrivedMs);
    for (const child of node.children) waiting.push(child);
  }
  return last;
}

function byDate(one: ThreadedMessage, other: ThreadedMessage): number {
  return one.sentMs - other.sentMs || one.number - other.number;
}

/** Children before parents, by a list that names parents first. */
function toThread(head: Node): Thread {
  const threads = new Map<Node, { number: number | null; children: Thread[] }>();
  const order: Node[] = [head];
  for (let at = 0; at < order.length; at++) {
    const node = order[at]!;
    threads.set(node, { number: node.message?.number ?? null, children: [] });
    for (const child of node.children) order.push(child);
  }
  for (const node of order) {
    for (const child of node.children) threads.get(node)!.children.push(threads.get(child)!);
  }
  return threads.get(head)!;
}
