/** What threading asks of a message. */
export interface ThreadedMessage {
  readonly number: number;
  /** Sent date, or time of arrival where there is none (RFC 5256 §2.2). */
  readonly sentMs: number;
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

interface Node {
  /** Null: a message that others name, and that is not among these. */
  message: ThreadedMessage | null;
  /** Place among the messages; -1 without one. */
  readonly at: number;
  parent: Node | null;
  /** Towards the root of all that hangs together, with shortcuts. */
  group: Node;
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

/**
 * REFERENCES (RFC 5256 §3). Nearly linear and without recursion, whatever the messages say: a thread may be as deep as there are messages.
 * All links of step 1.B are made before those of 1.A, which never undo them: so nothing that was linked is ever taken apart.
 */
export function threadByReferences(messages: readonly ThreadedMessage[]): Thread[] {
  const nodes = messages.map((message, at) => newNode(message, at));
  const byId = nodesById(nodes);
  const named = nodes.map(({ message }) => message!.references.map((id) => nodeOf(id, byId)));
  for (const [at, node] of nodes.entries()) link(named[at]!.at(-1), node);
  for (const [at] of nodes.entries()) linkAncestors(named[at]!, at);
  const top = withoutDummies(nodes);
  const heads = joinSubjects(sortedByDate(top));
  sortBelow(heads);
  return sortedByDate(heads).map(toThread);
}

function newNode(message: ThreadedMessage | null, at: number): Node {
  const node = { message, at, parent: null, shownUnder: undefined, children: [] } as unknown as Node;
  node.group = node;
  return node;
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
  const dummy = newNode(null, -1);
  byId.set(id, dummy);
  return dummy;
}

/** Links the references of a message among themselves (step 1.A). */
function linkAncestors(ancestors: readonly Node[], at: number): void {
  for (let i = 1; i < ancestors.length; i++) {
    const child = ancestors[i]!;
    // Step 1.B of a message without references takes away what earlier messages said of it.
    if (child.message?.references.length === 0 && at < child.at) continue;
    link(ancestors[i - 1], child);
  }
}

/** Makes `parent` the parent of `child`, if that has none and no loop would come of it. */
function link(parent: Node | undefined, child: Node): void {
  if (parent === undefined || child.parent !== null) return;
  // A node without a parent is the root of its group: who is in it lies below.
  if (groupOf(parent) === groupOf(child)) return;
  child.parent = parent;
  child.group = parent;
}

/** The root of all that hangs together with a node; the way there is made shorter. */
function groupOf(node: Node): Node {
  let root = node;
  while (root.group !== root) root = root.group;
  for (let at = node; at !== root;) {
    const next = at.group;
    at.group = root;
    at = next;
  }
  return root;
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
      const dummy = newNode(null, -1);
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
