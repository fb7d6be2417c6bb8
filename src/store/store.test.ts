import { describeRecords } from "../domain/records.contract.ts";
import { aClock, aStore } from "../testing/test-store.ts";

describeRecords("libSQL", async () => (await aStore(aClock())).store);
