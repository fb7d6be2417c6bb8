import { describeRecords } from "../domain/records.contract.ts";
import { aClock, aStore, storeName } from "../testing/test-store.ts";

describeRecords(storeName(), async () => (await aStore(aClock())).store);
