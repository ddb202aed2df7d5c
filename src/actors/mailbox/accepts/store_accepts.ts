import type { StoreProtocol } from "../../../messages/mod.ts";
import { SHARDS_MAX } from "../../../storage/mod.ts";
import { type Accepts, fields, isWhole } from "../../shape.ts";

/** Whether requests of other workers have the form their types promise. */
export const storeAccepts: Accepts<StoreProtocol> = {
  "store.verify": fields(({ shard }) => isWhole(shard, 0, SHARDS_MAX - 1)),
};
