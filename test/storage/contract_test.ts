import { contractTests } from "./contract.ts";
import { openDisk, openMemory } from "./support.ts";

contractTests("memory store", openMemory);
contractTests("disk store", openDisk);
