import { readFileSync } from "node:fs";
import { openLoadedService } from "./loaded-service.ts";

const on = await openLoadedService({ args: ["--no-agent"] });
const off = await openLoadedService({ args: ["--no-agent"], settings: { TRACES: "off" } });
const cpu = (s: typeof on) => {
  const f = readFileSync(`/proc/${s.services[0]!.pid}/stat`, "utf8").split(" ");
  return (Number(f[13]) + Number(f[14])) * 10;
};
await on.play({ turns: 500, perSecond: 0 });
await off.play({ turns: 500, perSecond: 0 });
const a: number[] = [],
  b: number[] = [];
for (let i = 0; i < 3; i++) {
  let c = cpu(on);
  await on.play({ turns: 2000, perSecond: 0 });
  a.push((cpu(on) - c) / 2000);
  c = cpu(off);
  await off.play({ turns: 2000, perSecond: 0 });
  b.push((cpu(off) - c) / 2000);
}
console.log(a, b);
const sum = (x: number[]) => x.reduce((p, q) => p + q, 0);
console.log("cpu ratio off/on", sum(b) / sum(a), on.rssMb(), off.rssMb());
await on.stop();
await off.stop();
process.exit(0);
