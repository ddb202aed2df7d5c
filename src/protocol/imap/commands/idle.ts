import { assert } from "../../../base/assert.ts";
import { type Command, LOGGED_IN } from "../command.ts";
import { bad, ok } from "../completion.ts";
import { tellNews } from "../news.ts";

/** IDLE (RFC 2177, RFC 9051 §6.3.13): news is told as it comes, until the client says DONE. */
export const idle: Command<"IDLE"> = {
  verb: "IDLE",
  phases: LOGGED_IN,
  news: "all",
  brings: ["IDLE"],
  *run(_given, scene) {
    scene.output.push("+ idling\r\n");
    yield* tellNews(scene, true);
    for (;;) {
      const answer = yield { type: "idle" };
      if (answer.type === "stirred") {
        yield* tellNews(scene, true);
        continue;
      }
      assert(answer.type === "line", "IDLE waits for a line or for news");
      return answer.text?.toUpperCase() === "DONE" ? ok() : bad("Expected DONE");
    }
  },
};
