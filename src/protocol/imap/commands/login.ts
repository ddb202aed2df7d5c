import { isUsableText } from "../../sasl/mod.ts";
import { type Command, NOT_AUTHENTICATED } from "../command.ts";
import { bad, PRIVACY_REQUIRED } from "../completion.ts";
import { login as tryLogin } from "../effects.ts";
import { finishLogin } from "../login.ts";
import { mayLogIn } from "../state.ts";

/** LOGIN (RFC 9051 §6.2.3). */
export const login: Command<"LOGIN"> = {
  verb: "LOGIN",
  phases: NOT_AUTHENTICATED,
  news: "none",
  capabilities: (scene) => scene.state.login === null && !mayLogIn(scene) ? ["LOGINDISABLED"] : [],
  *run({ user, password }, scene) {
    if (!mayLogIn(scene)) return PRIVACY_REQUIRED;
    if (user === "" || password === "") return bad("Name and password must not be empty");
    if (!isUsableText(user) || !isUsableText(password)) return bad("Unusable characters in name or password");
    return yield* finishLogin(yield* tryLogin(user, password, "LOGIN"), scene);
  },
};
