import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import type { Log } from "../../src/domain/log.ts";
import { judgeEvidence } from "../../src/domain/orders/evidence.ts";
import { readEnv } from "../../src/env.ts";
import type { Outside } from "../../src/server/outside.ts";
import { startService } from "../../src/server/start.ts";
import { createSteadyClock } from "../../src/server/steady-clock.ts";
import { isControl, sabotage } from "./controls.ts";
import { readRecords } from "./read-records.ts";
import { openSharedClock, showInDate } from "./shared-clock.ts";

// The whole service in a process that is there to be killed, with a clock that the harness steps, and for control runs
// with one of its guards taken out. It reads no text in pictures: that takes longer than it lives.

const { CRASH_CLOCK = "", CRASH_CONTROL = "none" } = process.env;
const env = readEnv(process.env);

/** What went wrong, for whoever looks at a failed run. */
function noteIn(level: string): Log["warn"] {
  return (event, fields) =>
    appendFileSync(
      join(env.DATA_DIR, "service.log"),
      `${JSON.stringify({ at: new Date().toISOString(), pid: process.pid, level, event, ...fields })}\n`,
    );
}

function withoutText(outside: Outside): Outside {
  const read = async () => judgeEvidence([], { engine: "none", version: "1", id: "none", pictureArea: 1 });
  return { ...outside, textReader: { read, close: async () => {} } };
}

// Whoever started us is gone: so are we.
process.once("disconnect", () => process.exit(1));

const clock = openSharedClock(CRASH_CLOCK);
showInDate(clock.now);

const running = await startService(env, {
  root: process.cwd(),
  version: "crash",
  log: { debug() {}, info: noteIn("info"), warn: noteIn("warn"), error: noteIn("error") },
  rulesOnly: true,
  ambient: {
    now: createSteadyClock(clock.now),
    newId: (prefix) => `${prefix}_${randomUUID().replaceAll("-", "")}`,
  },
  around: (outside) => {
    const quick = withoutText(outside);
    return isControl(CRASH_CONTROL) ? sabotage(quick, CRASH_CONTROL) : quick;
  },
});

process.on("message", ({ report }: { report: string[] }) => {
  void readRecords(running.service.store, report).then((records) => process.send?.({ records }));
});
process.send?.({ url: running.url });
// Usually written at an orderly end, which never comes here.
flushCompileCache();
