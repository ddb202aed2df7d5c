import { parseParams } from "../command.ts";
import { POP3_LANGUAGES, reply } from "../replies.ts";
import { mistake, type Pop3Command, type Pop3Context, type Pop3State, type Step } from "../state.ts";

/** LANG [range] (RFC 6856 §3). All texts are in English so far, so a choice needs no memory. */
export const lang: Pop3Command = { verb: "LANG", capability: () => "LANG", authorization: answer, transaction: answer };

function answer(state: Pop3State, rest: string | null, context: Pop3Context): Step {
  if (rest === null) {
    return [state, reply.languages(context.languages.map((tag) => `${tag} ${POP3_LANGUAGES.get(tag)}`))];
  }
  const params = parseParams(rest);
  if (params?.length !== 1) return mistake(state, reply.syntax, context);
  const tag = matchLanguage(params[0]!, context.languages);
  return [state, tag === null ? reply.unknownLanguage : reply.languageSet(tag)];
}

/** Basic filtering (RFC 4647 §3.3.1): a range matches the tag it equals or is a prefix of, cut at a hyphen. */
function matchLanguage(range: string, languages: readonly string[]): string | null {
  const wanted = range.toLowerCase();
  if (wanted === "*") return languages[0] ?? null;
  return languages.find((tag) => tag.toLowerCase() === wanted || tag.toLowerCase().startsWith(`${wanted}-`)) ?? null;
}
