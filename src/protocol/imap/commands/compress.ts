import { type Command, LOGGED_IN } from "../command.ts";
import { bad, no, ok, taggedLine } from "../completion.ts";

/** COMPRESS (RFC 4978 §3): the OK is the last that goes out uncompressed. */
export const compress: Command<"COMPRESS"> = {
  verb: "COMPRESS",
  phases: LOGGED_IN,
  news: "none",
  capabilities: ({ state, options }) =>
    state.login !== null && options.compress === true && !state.compressed ? ["COMPRESS=DEFLATE"] : [],
  *run({ algorithm }, { state, options, output }, tag) {
    if (state.compressed) return no("Compressed already", "COMPRESSIONACTIVE");
    if (algorithm !== "DEFLATE" || options.compress !== true) return bad("Not offered");
    output.push(taggedLine(tag, ok("Begin compression")));
    state.compressed = true;
    yield { type: "compress" };
    return { ...ok(), silent: true };
  },
};
