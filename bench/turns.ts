import { fork } from "node:child_process";
import { once } from "node:events";
import { median, quantile, table } from "./figures.ts";
import { openLoadedService } from "./loaded-service.ts";
import { openStock } from "./stock-mastra.ts";

const ROUNDS = 3;
const TURNS = 3_000;

/**
 * Our service, with and without traces, beside a stock Mastra agent with Memory, on the same rules, in turn. The service answers once by the rules
 * and once through the model's side of the ladder: Mastra's agent loop and a model that answers at once.
 */
export async function benchTurns(): Promise<string> {
  const stock = await openStock();
  const model = await startModel();
  const service = await openLoadedService({ args: ["--no-agent"] });
  const untraced = await openLoadedService({ args: ["--no-agent"], settings: { TRACES: "off" } });
  const modelled = await openLoadedService({ settings: { MODEL: "instant", OPENAI_BASE_URL: model.url } });
  try {
    const ours: Timed[] = [];
    const untracedOurs: Timed[] = [];
    const ofModel: Timed[] = [];
    const stocks: Timed[] = [];
    await service.play({ turns: 500, perSecond: 0 });
    await untraced.play({ turns: 500, perSecond: 0 });
    await modelled.play({ turns: 200, perSecond: 0 });
    await stock.run(100);
    for (let round = 0; round < ROUNDS; round += 1) {
      ours.push(await service.play({ turns: TURNS, perSecond: 0 }));
      untracedOurs.push(await untraced.play({ turns: TURNS, perSecond: 0 }));
      ofModel.push(await modelled.play({ turns: TURNS / 3, perSecond: 0 }));
      stocks.push(await stock.run(TURNS / 3));
    }
    const at50 = await service.play({ turns: 500, perSecond: 50 });
    const at100: Timed[] = [];
    for (let round = 0; round < ROUNDS; round += 1)
      at100.push(await service.play({ turns: 1_000, perSecond: 100 }));
    return report({
      ours,
      untraced: untracedOurs,
      ofModel,
      stocks,
      at50,
      at100,
      rssMb: service.rssMb(),
      rssOfModelMb: modelled.rssMb(),
    });
  } finally {
    await service.stop();
    await untraced.stop();
    await modelled.stop();
    await stock.stop();
    model.stop();
  }
}

type Timed = { turns: number; seconds: number; latenciesMs: number[] };

function report(measured: {
  ours: Timed[];
  untraced: Timed[];
  ofModel: Timed[];
  stocks: Timed[];
  at50: Timed;
  at100: Timed[];
  rssMb: number;
  rssOfModelMb: number;
}): string {
  const { ours, untraced, ofModel, stocks, at50, at100, rssMb, rssOfModelMb } = measured;
  const rate = (rounds: Timed[]) => median(rounds.map(({ turns, seconds }) => turns / seconds));
  const tail = ({ latenciesMs }: Timed) => quantile(latenciesMs, 0.95);
  const p95 = (...rounds: Timed[]) =>
    `${Math.round(
      quantile(
        rounds.flatMap((round) => round.latenciesMs),
        0.95,
      ),
    )} ms`;
  return table(
    [
      "",
      "turns/s, 50 at once",
      "p95 at 50 turns/s",
      "p95 at 100 turns/s, of 3 rounds",
      "p95 at full load",
      "RSS after",
    ],
    [
      [
        "tianwang-cs: WebSocket, durable inbox and outbox",
        Math.round(rate(ours)),
        p95(at50),
        `${Math.round(median(at100.map(tail)))} ms (${at100.map((round) => Math.round(tail(round))).join(", ")})`,
        p95(...ours),
        `${rssMb} MB`,
      ],
      ["the same with TRACES=off", Math.round(rate(untraced)), "-", "-", p95(...untraced), "-"],
      [
        "of that with traces",
        `${Math.round((rate(ours) / rate(untraced)) * 100)} %, bar ≥ 85 %`,
        "",
        "",
        "",
        "",
      ],
      [
        "the same through Mastra's agent loop, an instant model over HTTP",
        Math.round(rate(ofModel)),
        "-",
        "-",
        p95(...ofModel),
        `${rssOfModelMb} MB`,
      ],
      [
        "stock Mastra agent, Memory on libSQL, in process",
        Math.round(rate(stocks)),
        "-",
        "-",
        p95(...stocks),
        "-",
      ],
      ["ratio of the first and the last", `${(rate(ours) / rate(stocks)).toFixed(1)}×`, "", "", "", ""],
      ["bar", "≥ 600, ≥ 3.5×", "", "≤ 20 ms", "", "≤ 512 MB"],
    ],
  );
}

async function startModel(): Promise<{ url: string; stop(): void }> {
  const model = fork(new URL("./instant-model.ts", import.meta.url), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const [{ url }] = (await once(model, "message")) as [{ url: string }];
  return { url, stop: () => model.kill() };
}
