import { unreachable } from "../../../base/assert.ts";
import { decodeBase64, encodeBase64, findMechanism, type SaslMechanism, usableMechanisms } from "../../sasl/mod.ts";
import { type Command, NOT_AUTHENTICATED } from "../command.ts";
import { bad, type Completion, no, PRIVACY_REQUIRED } from "../completion.ts";
import { authenticate as askDirectory, login, openAccount, type Program, readLine } from "../effects.ts";
import { finishLogin, refuseLogin } from "../login.ts";
import { mayLogIn, type Scene } from "../state.ts";

/** AUTHENTICATE (RFC 9051 §6.2.2), with the initial response of SASL-IR (RFC 4959). */
export const authenticate: Command<"AUTHENTICATE"> = {
  verb: "AUTHENTICATE",
  phases: NOT_AUTHENTICATED,
  news: "none",
  capabilities(scene) {
    const names = scene.state.login === null ? usable(scene).map(({ name }) => `AUTH=${name}`) : [];
    return names.length === 0 ? [] : ["SASL-IR", ...names];
  },
  *run({ mechanism: name, initialResponse }, scene) {
    const mechanism = findMechanism(name);
    if (mechanism === null) return no("Mechanism not offered", "CANNOT");
    if (!mayLogIn(scene)) return PRIVACY_REQUIRED;
    if (!usable(scene).includes(mechanism)) return no("Mechanism not offered", "CANNOT");
    if (initialResponse === null) return yield* exchange(mechanism, null, scene);
    // RFC 4959 §3: "=" is an initial response of no bytes.
    const initial = initialResponse === "=" ? new Uint8Array(0) : decodeBase64(initialResponse);
    return initial === null ? bad("Not base64") : yield* exchange(mechanism, initial, scene);
  },
};

function usable(scene: Scene): readonly SaslMechanism[] {
  const offer = { ...scene.state.channel, bearer: scene.options.bearer === true };
  return usableMechanisms(mayLogIn(scene), offer);
}

function* exchange(mechanism: SaslMechanism, initial: Uint8Array | null, scene: Scene): Program<Completion> {
  let step = mechanism.begin(initial, scene.state.channel.binding);
  for (;;) {
    switch (step.type) {
      case "challenge": {
        scene.output.push(`+ ${encodeBase64(step.data)}\r\n`);
        const line = yield* readLine();
        if (line === "*") return bad("Cancelled"); // RFC 9051 §6.2.2.
        const response = line === null ? null : decodeBase64(line);
        if (response === null) return bad("Not base64");
        step = step.next(response);
        break;
      }
      case "ask": {
        const answer = yield* askDirectory(step.question, mechanism.name);
        if (answer === null) return yield* finishLogin({ type: "temporary" }, scene);
        step = step.next(answer);
        break;
      }
      case "credentials": {
        const { user, secret } = step.credentials;
        return yield* finishLogin(yield* login(user, secret, mechanism.name), scene);
      }
      case "accepted":
        return yield* finishLogin(yield* openAccount(), scene);
      case "failed":
        return step.problem === "malformed" ? bad("Malformed answer") : yield* refuseLogin(scene);
      default:
        return unreachable(step);
    }
  }
}
