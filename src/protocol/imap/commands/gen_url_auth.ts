import { type Command, LOGGED_IN } from "../command.ts";
import { bad, type Completion, no, ok } from "../completion.ts";
import { ask, type Program } from "../effects.ts";
import { parseImapUrl } from "../url/imap_url.ts";
import { addressOf, type Scene, speaksUtf8 } from "../state.ts";
import { isSameUser, URL_MECHANISM } from "../url/url_access.ts";
import { writeAstring } from "../write/write.ts";

/** GENURLAUTH (RFC 4467 §7): URLs by which others may read messages of the session's user. */
export const genUrlAuth: Command<"GENURLAUTH"> = {
  verb: "GENURLAUTH",
  phases: LOGGED_IN,
  news: "all",
  brings: ["URLAUTH"],
  *run({ urls }, scene) {
    const made: string[] = [];
    for (const { url, mechanism } of urls) {
      if (mechanism !== URL_MECHANISM) return no("Only INTERNAL is known", "CANNOT");
      const full = yield* authorize(url, scene);
      if (typeof full !== "string") return full;
      made.push(` ${writeAstring(full, speaksUtf8(scene.state))}`);
    }
    scene.output.push(`* GENURLAUTH${made.join("")}\r\n`);
    return ok();
  },
};

/**
 * The URL with its token. The host is not looked at: a server has many names, and tokens of ours are worth nothing elsewhere. What
 * is wrong with a URL is BAD, also where it names no mailbox (RFC 4467 §7).
 */
function* authorize(rump: string, scene: Scene): Program<string | Completion> {
  const url = parseImapUrl(rump);
  if (url?.type !== "message") return bad("Not the URL of a message");
  if (url.server === null || url.server.user === null) return bad("The URL names no user");
  if (!isSameUser(url.server.user, addressOf(scene))) return bad("The URL is not of your mailboxes");
  if (url.authorization === null) return bad("The URL says not who may use it");
  if (url.authorization.verifier !== null) return bad("The URL has a token already");
  const { mailbox: name, uidValidity } = url;
  const outcome = yield* ask("mailbox.urlToken", { name, uidValidity, rump });
  switch (outcome.type) {
    case "made":
      return `${rump}:${URL_MECHANISM.toLowerCase()}:${outcome.token}`;
    case "missing":
      return bad("The URL names no mailbox");
    case "limit":
      return no("Too many users have keys for the mailbox", "LIMIT");
  }
}
