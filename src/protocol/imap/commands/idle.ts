import { assert } from "../../../base/assert.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { bad, ok } from "../completion.ts";
import { tellAll } from "../tidings.ts";

/** IDLE (RFC 2177, RFC 9051 §6.3.13): news is told as it comes, until the client says DONE; after NOTIFY what that asked for (RFC 5465 §4). */
export const idle: Command<"IDLE"> = {
  verb: "IDLE",
  phases: LOGGED_IN,
  news: "all",
  brings: ["IDLE"],
  *run(_given, scene) {
    scene.output.push("+ idling\r\n");
    yield* tellAll(scene, true);
    for (;;) {
      const answer = yield { type: "idle" };
      if (answer.type === "stirred") {
        yield* tellAll(scene, true);
        continue;
      }
      assert(answer.type === "line", "IDLE waits for a line or for news");
      return answer.text?.toUpperCase() === "DONE" ? ok() : bad("Expected DONE");
    }
  },
};
