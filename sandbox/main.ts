import { createInterface } from "node:readline";
import { startModel } from "./model.ts";
import { startQingjian, textOf } from "./qingjian.ts";
import { startTianwang } from "./tianwang.ts";
import { startTuhui } from "./tuhui.ts";

// `npm run sandbox`: only the peers, on their default ports. Type a line to speak as a buyer.
const qingjian = await startQingjian({ port: 9528 });
const tuhui = await startTuhui({ port: 8005 });
const tianwang = await startTianwang({ port: 6060 });
const model = await startModel({ port: 9001 });
console.log(`轻简      ${qingjian.url}`);
console.log(`图绘      ${tuhui.url}`);
console.log(`天网回调  ${tianwang.callbackUrl}`);
console.log(`模型      ${model.url}`);
console.log("启动服务后，在这里输入一行就是买家说的话；Ctrl+C 结束。");

let shown = 0;
setInterval(() => {
  for (const reply of qingjian.shown.slice(shown)) console.log(`客服> ${textOf(reply)}`);
  shown = qingjian.shown.length;
  for (const report of tianwang.reports.splice(0)) console.log(`天网收到 ${report.event} ${report.task_id}`);
}, 200).unref();

createInterface({ input: process.stdin }).on("line", (line) => {
  qingjian
    .say({ conversation: "sandbox", buyer: "test_001" }, line)
    .catch((error: unknown) => console.log(String(error)));
});
