import type { AnyStateCommand, NotAuthenticatedCommand } from "./ast.ts";
import { ID_FIELDS_MAX, ID_NAME_CHARACTERS_MAX, ID_VALUE_CHARACTERS_MAX } from "./syntax_limits.ts";
import type { Reader } from "./reader.ts";

const SPACE = 0x20;

/** "ID" SP id_params_list (RFC 2971 §4) */
export function readId(reader: Reader): AnyStateCommand {
  reader.space();
  if (reader.takeNil()) return { verb: "ID", fields: null };
  const field = (): readonly [string, string | null] => {
    const name = reader.string("a field name");
    reader.space();
    const value = reader.nstring("a value");
    if (name.length > ID_NAME_CHARACTERS_MAX || (value?.length ?? 0) > ID_VALUE_CHARACTERS_MAX) {
      reader.fail("A field is too long", "limit");
    }
    return [name, value];
  };
  return { verb: "ID", fields: reader.list(field, { max: ID_FIELDS_MAX, what: "fields", empty: true }) };
}

/** "COMPRESS" SP algorithm (RFC 4978 §3) */
export function readCompress(reader: Reader): AnyStateCommand {
  reader.space();
  return { verb: "COMPRESS", algorithm: reader.word("an algorithm") };
}

/** authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp]; what follows are lines of their own. */
export function readAuthenticate(reader: Reader): NotAuthenticatedCommand {
  reader.space();
  const mechanism = reader.word("a mechanism");
  const initialResponse = reader.take(SPACE) ? readBase64(reader) : null;
  return { verb: "AUTHENTICATE", mechanism, initialResponse };
}

/** base64, or "=" for an empty initial response; decoded and judged by the mechanism's side. */
function readBase64(reader: Reader): string {
  const text = reader.cut(reader.text.length);
  if (text === "" || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) reader.fail("Not an initial response in base64");
  return text;
}

/** login = "LOGIN" SP userid SP password */
export function readLogin(reader: Reader): NotAuthenticatedCommand {
  reader.space();
  const user = reader.astring("a user name");
  reader.space();
  return { verb: "LOGIN", user, password: reader.astring("a password") };
}
