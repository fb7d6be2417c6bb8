import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { startModel } from "./model.ts";
import { startQingjian, textOf } from "./qingjian.ts";
import { startTianwang } from "./tianwang.ts";
import { startTuhui } from "./tuhui.ts";

const USAGE = `用法: npm run sandbox
启动轻简（9528）、图绘（8005）、天网回调（6060）和模型（9001）的替身；输入一行就是买家说的话，Ctrl+C 结束。`;

// `npm run sandbox`: only the peers, on their default ports. Type a line to speak as a buyer.
try {
  if (wantsHelp()) console.log(USAGE);
  else await run();
} catch (error) {
  const { code, port } = error as { code?: string; port?: number };
  if (code !== "EADDRINUSE") throw error;
  console.error(`端口 ${port} 已被占用：沙盒是不是已经在运行？`);
  process.exit(1);
}

function wantsHelp(): boolean {
  try {
    return parseArgs({ options: { help: { type: "boolean", short: "h" } } }).values.help === true;
  } catch {
    console.error(USAGE);
    process.exit(2);
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 200));
}

async function run(): Promise<void> {
  const qingjian = await startQingjian({ port: 9528 });
  const tuhui = await startTuhui({ port: 8005 });
  const tianwang = await startTianwang({ port: 6060 });
  const model = await startModel({ port: 9001 });
  console.log(`轻简      ${qingjian.url}`);
  console.log(`图绘      ${tuhui.url}`);
  console.log(`天网回调  ${tianwang.callbackUrl}`);
  console.log(`模型      ${model.url}`);
  console.log("在这里输入一行就是买家说的话；Ctrl+C 结束。");

  let shown = 0;
  let wasConnected = false;
  setInterval(() => {
    const isConnected = qingjian.isConnected();
    if (isConnected !== wasConnected) console.log(isConnected ? "（服务已连上）" : "（服务断开了）");
    wasConnected = isConnected;
    for (const reply of qingjian.shown.slice(shown)) console.log(`客服> ${textOf(reply)}`);
    shown = qingjian.shown.length;
    for (const report of tianwang.reports.splice(0))
      console.log(`天网收到 ${report.event} ${report.task_id}`);
  }, 200).unref();

  // One line after the other, and none before the service is there to hear it.
  let said = Promise.resolve();
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (!qingjian.isConnected()) console.log("（服务还没连上，最多等半分钟；连上后就送达）");
    said = said
      .then(() => until(qingjian.isConnected))
      .then(() => qingjian.say({ conversation: "sandbox", buyer: "test_001" }, line))
      .then(() => {})
      .catch((error: unknown) => console.log(String(error)));
  });
}
