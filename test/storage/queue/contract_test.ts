import { queueContractTests } from "./contract.ts";
import { openDiskQueue, openMemoryQueue } from "./support.ts";

queueContractTests("memory queue", openMemoryQueue);
queueContractTests("disk queue", openDiskQueue);
