import { capabilityList } from "../capabilities.ts";
import { ANY_STATE, type Command } from "../command.ts";
import { ok } from "../completion.ts";

/** CAPABILITY (RFC 9051 §6.1.1). */
export const capability: Command<"CAPABILITY"> = {
  verb: "CAPABILITY",
  phases: ANY_STATE,
  news: "all",
  run(_given, scene) {
    scene.output.push(`* CAPABILITY ${capabilityList(scene)}\r\n`);
    return ok();
  },
};
