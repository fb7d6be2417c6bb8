import { describeJobs } from "../domain/jobs/jobs.contract.ts";
import { aClock, aStore, storeName } from "../testing/test-store.ts";

describeJobs(storeName(), async () => {
  const clock = aClock();
  const { store, jobs } = await aStore(clock);
  return { store, jobs, advance: clock.advance, now: clock.now, close: store.close };
});
