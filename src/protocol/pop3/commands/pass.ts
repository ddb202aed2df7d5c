import { isUsableText } from "../../sasl/mod.ts";
import { reply } from "../replies.ts";
import { mayLogIn, mistake, type Pop3Command } from "../state.ts";

/** PASS string (RFC 1939 §7): only right after USER; the argument may hold spaces. Announced with USER. */
export const pass: Pop3Command = {
  verb: "PASS",
  authorization({ user, ...rest }, secret, context) {
    const state = { ...rest, user: null };
    if (!mayLogIn(state, context)) return mistake(state, reply.tlsFirst, context);
    if (user === null) return mistake(state, reply.sendUserFirst, context);
    if (secret === null || secret === "" || !isUsableText(secret)) return mistake(state, reply.syntax, context);
    return [state, { type: "login", user, secret, mechanism: "USER" }];
  },
};
