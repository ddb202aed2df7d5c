import { decodeUtf8, latin1 } from "../../../base/mod.ts";
import { entryMatcher } from "../../../mail/message_annotation.ts";
import type { SearchProgram } from "../../../mail/search_program.ts";
import { casemap } from "../../../mime/mod.ts";
import type { Candidate, Verdict } from "./candidate.ts";

/** ANNOTATION (RFC 5257 §4.8): values compare as substrings without case, as all texts do. */
export function annotationKey(
  { entry, scopes, text }: Extract<SearchProgram, { readonly type: "annotation" }>,
): (candidate: Candidate) => Verdict {
  const matches = entryMatcher(entry);
  const needle = text === null ? null : casemap(text);
  return ({ annotations }) => {
    if (annotations === undefined) return null;
    const values = annotations.filter((each) => scopes.includes(each.scope) && matches(each.entry));
    if (needle === null) return values.length === 0;
    return values.some(({ value }) => casemap(decodeUtf8(value) ?? latin1(value)).includes(needle));
  };
}
