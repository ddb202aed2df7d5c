import { accountContractTests } from "./account_contract.ts";
import { annotationContractTests } from "./annotation_contract.ts";
import { contractTests } from "./contract.ts";
import { openDisk, openMemory } from "./support.ts";

contractTests("memory store", openMemory);
contractTests("disk store", openDisk);
accountContractTests("memory store", openMemory);
accountContractTests("disk store", openDisk);
annotationContractTests("memory store", openMemory);
annotationContractTests("disk store", openDisk);
