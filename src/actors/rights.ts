/** What only an operator asks for, through the main thread: a listener that a stranger has taken over must not. */
const OPERATORS: readonly string[] = [
  "directory.snapshot",
  "directory.status",
  "directory.domainList",
  "directory.accountList",
  "directory.aliasList",
  "directory.accountGet",
  "directory.domainAdd",
  "directory.domainUpdate",
  "directory.domainRemove",
  "directory.accountAdd",
  "directory.accountUpdate",
  "directory.accountRemove",
  "directory.appPasswordAdd",
  "directory.appPasswordList",
  "directory.appPasswordRemove",
  "directory.aliasAdd",
  "directory.aliasRemove",
  "directory.banAdd",
  "directory.banRemove",
  "directory.banList",
  "directory.dkimRotate",
  "directory.dkimActivate",
  "directory.dkimList",
  "directory.dkimRemove",
  "mailbox.purge",
  "mailbox.usage",
  "store.verify",
  "queue.list",
  "queue.summary",
  "queue.shape",
  "queue.act",
  "queue.suspend",
  "queue.resume",
  "delivery.status",
  "fault.inject",
  "session.list",
  "session.kick",
  "trace.find",
];

/** Kinds of workers besides the main thread that may send a message. What is not named here may come from every worker. */
const SENDERS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...OPERATORS.map((type) => [type, []] as const),
  ["mailbox.deliver", ["listener", "queue"]],
  ["directory.signingKeys", ["policy"]],
  ["policy.check", ["listener"]],
  ["policy.sign", ["listener", "queue"]],
  ["policy.checkKey", []],
  ["greylist.check", ["listener"]],
  ["queue.enqueue", ["listener"]],
  ["queue.report", ["listener"]],
  ["delivery.attempt", ["queue"]],
]);

/** Whether a worker, by its name ("listener-0"), may send a message. */
export function mayAsk(type: string, worker: string): boolean {
  const senders = SENDERS.get(type);
  return senders === undefined || worker === "main" || senders.includes(worker.replace(/-\d+$/, ""));
}
