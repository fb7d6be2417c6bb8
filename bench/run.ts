import { measureService } from "./turns.ts";

const quantile = (values: number[], q: number) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * q)] ?? 0;

const { fast, steady, rssMb } = await measureService(3, 3_000);
const rates = fast.map((report) => report.turns / report.seconds).sort((a, b) => a - b);
console.log(
  JSON.stringify({
    turnsPerSecond: rates.map(Math.round),
    p50at50: Math.round(quantile(steady.latenciesMs, 0.5)),
    p95at50: Math.round(quantile(steady.latenciesMs, 0.95)),
    rssMb,
  }),
);
