import { textOf } from "../qingjian.ts";
import { type Stage, setStage } from "./stage.ts";
import { MODEL_STORIES, RULES_STORIES, type Story } from "./stories.ts";

// `npm run demo`: the shop; `npm run demo -- helpdesk`: the IT desk. Real servers, a real service process, generated
// pictures; ends in 0 only if every story's records are right. `-- --keep` leaves the shop's first stage running.

if (process.argv.includes("helpdesk")) {
  const { playHelpdesk } = await import("./helpdesk.ts");
  process.exit(await playHelpdesk());
}

const keep = process.argv.includes("--keep");
let failed = 0;

for (const [title, stories, withModel] of [
  ["规则应答（没有配置模型）", RULES_STORIES, false],
  ["模型应答（剧本模型，OpenAI 兼容接口）", MODEL_STORIES, true],
] as const) {
  console.log(`\n== ${title}`);
  const stage = await setStage({ withModel });
  for (const story of stories) await play(story, stage);
  if (keep && !withModel) {
    console.log(`\n服务留在 ${stage.service.url}，轻简 ${stage.qingjian.url}；Ctrl+C 结束。`);
    await new Promise((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await stage.close();
    process.exit(0);
  }
  await stage.close();
}
console.log(failed === 0 ? "\n全部故事都对。" : `\n${failed} 个故事不对。`);
process.exit(failed === 0 ? 0 : 1);

async function play(story: Story, stage: Stage): Promise<void> {
  console.log(`\n-- ${story.name}`);
  const before = { replies: stage.qingjian.shown.length, reports: stage.tianwang.reports.length };
  try {
    await story.play(stage);
    await print(stage, before);
    console.log("   ✓ 记录正确");
  } catch (error) {
    failed += 1;
    await print(stage, before);
    console.log(`   ✗ ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function print(stage: Stage, before: { replies: number; reports: number }): Promise<void> {
  const customers = new Set<string>();
  for (const reply of stage.qingjian.shown.slice(before.replies)) {
    customers.add(reply.conversation.id);
    console.log(`   客服 → ${reply.conversation.id}: ${textOf(reply).replaceAll("\n", " ")}`);
  }
  for (const customer of customers)
    for (const order of await stage.orders(customer))
      console.log(
        `   订单 ${order.kind} ${order.status} ${order.total_fen === null ? "-" : `${order.total_fen / 100} 元`}`,
      );
  for (const report of stage.tianwang.reports.slice(before.reports))
    console.log(`   天网回调 ${report.event} ${report.task_id}${report.isSigned ? "（签名正确）" : ""}`);
}
