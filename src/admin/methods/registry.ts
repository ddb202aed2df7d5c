import * as z from "zod";
import { type Method, read, Registry } from "../method.ts";
import * as account from "./account.ts";
import * as alias from "./alias.ts";
import * as appPassword from "./app_password.ts";
import * as ban from "./ban.ts";
import * as dkim from "./dkim.ts";
import * as domain from "./domain.ts";
import * as list from "./list.ts";
import * as moderation from "./moderation.ts";
import * as queue from "./queue.ts";
import * as session from "./session.ts";
import * as server from "./server.ts";
import * as trace from "./trace.ts";
import * as workers from "./workers.ts";

/** Answered by the session itself: it knows the calls under way. */
const cancel = read({
  name: "rpc.cancel",
  summary: "End a call that is under way on this connection",
  params: { id: z.union([z.string(), z.number()]).describe("The id of that call's request") },
  run: () => Promise.resolve({ cancelled: false }),
});

/** Every method of the control socket; the verbs of the command line come with them. */
export const REGISTRY: Registry = new Registry([
  read({
    name: "rpc.discover",
    summary: "Every method with the JSON Schema of its parameters",
    params: {},
    run: () => Promise.resolve({ methods: REGISTRY.discover() }),
  }) as Method,
  cancel as Method,
  ...[
    server,
    domain,
    dkim,
    account,
    appPassword,
    alias,
    list,
    moderation,
    session,
    ban,
    queue,
    trace,
    workers,
  ].flatMap((group) =>
    Object.values(group).filter((value): value is Method => typeof value === "object" && "params" in value)
  ),
]);
