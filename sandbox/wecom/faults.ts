/**
 * What befalls a request, a frame or a callback:
 * - a number: that errcode is answered and nothing done; 40014 and 42001 also revoke the token that was shown;
 * - slow: answered `ms` later; http-500: nothing done; cut: nothing done, the connection is cut;
 * - answer-lost: done, and the connection cut before the answer; ack-withheld: done, no ack, the connection stays (bot);
 * - duplicate: a callback or a frame of ours comes twice.
 * One that does not fit where it meets (http-500 on a frame) is used up and does nothing.
 */
export type FaultKind = number | "slow" | "http-500" | "cut" | "answer-lost" | "ack-withheld" | "duplicate";

export type Fault = {
  /** A path below /cgi-bin/ ("message/send"), a bot command, "callback", "kf-callback", or "*" for everything. */
  endpoint: string;
  times: number;
  kind: FaultKind;
  /** For slow, in milliseconds. */
  ms?: number;
};

export function createFaults() {
  const list: Fault[] = [];
  return {
    list,
    /** The first fault that is meant for it; used up by one. */
    take(endpoint: string): Fault | null {
      const fault = list.find((it) => it.endpoint === endpoint || it.endpoint === "*");
      if (fault === undefined) return null;
      fault.times -= 1;
      if (fault.times <= 0) list.splice(list.indexOf(fault), 1);
      return fault;
    },
  };
}
export type Faults = ReturnType<typeof createFaults>;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
