import { renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";

// Loaded into the service by `npm run soak`: SIGUSR2 is answered with the heap after a collection, and how long the
// event loop was late since the last answer (that collection itself left out).

const file = join(tmpdir(), `tianwang-heap-${process.pid}.json`);
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
let asked = 0;

process.on("SIGUSR2", () => {
  const lagP99Ms = delay.percentile(99) / 1e6;
  globalThis.gc?.();
  asked += 1;
  writeFileSync(
    `${file}.new`,
    JSON.stringify({ asked, lagP99Ms, heapMb: process.memoryUsage().heapUsed / 2 ** 20 }),
  );
  renameSync(`${file}.new`, file);
  delay.reset();
});
