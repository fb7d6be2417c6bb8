import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "../http-server.ts";
import {
  blockingBody,
  closingEvents,
  type DifyEvent,
  deltaEvent,
  extraEvent,
  failingEvents,
  faultOf,
  openingEvents,
  replaceEvent,
  type Turn,
} from "./events.ts";
import { refused } from "./refused.ts";
import { deltasOf } from "./script.ts";
import { type EventWriter, openStream } from "./wire.ts";

/**
 * Plays one answer to its end.
 *
 * @param stopping - aborted by a stop call or when the stand-in closes, never by a client that goes away
 * @returns what to answer, or null when the response was taken: streamed, or nobody is to answer any more
 */
export async function play(
  turn: Turn,
  response: ServerResponse,
  stopping: AbortSignal,
): Promise<Answer | null> {
  const { run, script } = turn;
  response.once("close", () => {
    run.isClientGone ||= !response.writableFinished && run.status !== "cut";
  });
  await pause(script.hangMs ?? 0, stopping);
  if (run.request.response_mode === "blocking") return await answerWhole(turn, response, stopping);

  const stream = openStream(response, script.wire ?? {});
  for (const event of openingEvents(turn)) stream.send(event);
  run.status = await speak(turn, stream, stopping);
  if (run.status === "cut") {
    await stream.cut();
    return null;
  }
  const last = run.status === "failed" ? failingEvents(turn) : closingEvents(turn, run.status);
  last.forEach((event, index) => {
    stream.send(event, { isLast: index === last.length - 1 });
  });
  await stream.end();
  return null;
}

async function answerWhole(
  turn: Turn,
  response: ServerResponse,
  stopping: AbortSignal,
): Promise<Answer | null> {
  const { run, script, mode } = turn;
  run.status = await speak(turn, null, stopping);
  if (run.status === "cut") response.destroy();
  if (response.destroyed || run.status === "cut") return null;
  if (run.status === "failed" && !(mode === "workflow" && script.failAfter?.in === "node")) {
    const { status, code, message } = faultOf(script);
    return refused(status, code, message);
  }
  return { status: 200, body: blockingBody(turn, run.status) };
}

type End = "succeeded" | "failed" | "stopped" | "cut";

/** Says the deltas and does what the script has between them; what was said is in the run's answer. */
async function speak(turn: Turn, stream: EventWriter | null, stopping: AbortSignal): Promise<End> {
  const { run, script } = turn;
  const deltas = deltasOf(script, run.request);
  const send = (event: DifyEvent | null) => {
    if (event !== null) stream?.send(event);
  };
  for (let place = 0; place <= deltas.length; place += 1) {
    for (const { delta, event } of script.extras ?? []) if (delta === place) send(extraEvent(turn, event));
    if (script.replaceAt?.delta === place) {
      run.answer = script.replaceAt.answer;
      send(replaceEvent(turn, script.replaceAt));
    }
    if (script.failAfter?.delta === place) return "failed";
    if (script.cutAfter === place) return "cut";
    const delta = deltas[place];
    if (delta === undefined) break;
    if ((script.delayMs ?? 0) > 0) {
      await stream?.drain();
      await pause(script.delayMs ?? 0, stopping);
    }
    if (stopping.aborted) return "stopped";
    run.answer += delta;
    send(deltaEvent(turn, delta));
  }
  if (!script.isEndless) return "succeeded";
  await stream?.drain();
  if (!stopping.aborted)
    await new Promise<void>((resolve) => stopping.addEventListener("abort", () => resolve(), { once: true }));
  return "stopped";
}

async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  if (ms <= 0 || stopping.aborted) return;
  await sleep(ms, undefined, { signal: stopping }).catch(() => {});
}
