import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { aPhoto } from "../pictures.ts";
import { startWecom } from "../wecom/server.ts";
import { startServiceProcess } from "./service-process.ts";
import { eventually } from "./stage.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DOCUMENTS = "evals/helpdesk/documents";
const KEY = "sk-demo-12345678";
const KNOWN = "vpn拨号报691，密码是对的";
const UNKNOWN = "附近有什么好吃的";
const FIXED = "抱歉，您的问题可能不在服务业务范围内";

type Desk = Awaited<ReturnType<typeof openDesk>>;
type Handoff = { id: string; customer_id: string; status: string; taken_by: string | null };
type Ticket = { id: string; status: string; title: string };
type Story = { name: string; play: (desk: Desk) => Promise<void> };

/** `npm run demo -- helpdesk`: a member's day at the IT desk by every way in. The exit code: 0 when every story is right. */
export async function playHelpdesk(): Promise<number> {
  const desk = await openDesk();
  let failed = 0;
  try {
    for (const { name, play } of STORIES) {
      console.log(`\n-- ${name}`);
      try {
        await play(desk);
        console.log("   ✓ 记录正确");
      } catch (error) {
        failed += 1;
        console.log(`   ✗ ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    await desk.close();
  }
  console.log(failed === 0 ? "\n全部故事都对。" : `\n${failed} 个故事不对。`);
  return failed === 0 ? 0 : 1;
}

const STORIES: Story[] = [
  {
    name: "自建应用：问得到的、问不到的、要人工、交还",
    async play({ wecom, heard, handoffs }) {
      const asks = (text: string) => wecom.say({ userid: "zhangsan", text });
      await asks(KNOWN);
      await heard("zhangsan", "（来源：《");
      await asks(UNKNOWN);
      await heard("zhangsan", FIXED);

      await asks("转人工");
      const offered = await wecom.waitForShown("lisi", ({ type }) => type === "card");
      console.log("   卡片 → lisi: 有人需要人工帮助");
      await press(wecom, "lisi", offered);
      const held = await eventually(
        "handoff",
        () => handoffs("zhangsan"),
        ([it]) => it?.status === "human",
      );
      if (held[0]?.taken_by !== "lisi") throw new Error(`taken by ${held[0]?.taken_by}`);
      console.log("   lisi 接手了");
      const told = wecom.shown("zhangsan").length;
      await asks("还在吗");

      const yours = await wecom.waitForShown("lisi", ({ type }) => type === "card", 10_000, 1);
      await press(wecom, "lisi", yours);
      await eventually(
        "return",
        () => handoffs("zhangsan"),
        ([it]) => it?.status === "returned",
      );
      if (wecom.shown("zhangsan").length !== told) throw new Error("the bot spoke while lisi had the chat");
      await asks("谢谢");
      await wecom.waitForShown("zhangsan", ({ type }) => type === "text", 10_000, told);
      console.log("   交还以后机器人接着答");
    },
  },
  {
    name: "智能机器人：群里提问，流式回答，提工单，工单有了进展",
    async play({ wecom, service, botHeard }) {
      wecom.botSay({ userid: "wangwu", chatid: "it-group", text: KNOWN });
      await botHeard("it-group", "（来源：《");
      wecom.botSay({ userid: "wangwu", text: "帮我提个工单，三楼打印机冒烟了" });
      await botHeard("wangwu", "已提交");
      const { tickets } = await service.get<{ tickets: Ticket[] }>("/api/operations/tickets");
      const [ticket] = tickets;
      if (ticket?.status !== "open") throw new Error(`no open ticket: ${JSON.stringify(tickets)}`);
      const path = `/api/operations/tickets/${ticket.id}/status`;
      await service.post(path, { status: "resolved", by: "小王", note: "已更换硒鼓" });
      await botHeard("wangwu", "已更换硒鼓");
    },
  },
  {
    name: "微信客服：欢迎、提问、截图，转给接待的人，结束后再问",
    async play({ wecom, heard, handoffs }) {
      const who = { externalUserid: "wm0001" };
      await wecom.kfEnter(who);
      await wecom.waitForShown("wm0001", ({ via }) => via === "kf-event");
      console.log("   欢迎语 → wm0001");
      await wecom.kfSay({ ...who, text: KNOWN });
      await heard("wm0001", "（来源：《");
      await wecom.kfSay({ ...who, image: await aPhoto(7) });
      await heard("wm0001", "图片收到了");
      await wecom.kfSay({ ...who, text: "转人工" });
      await eventually(
        "queue",
        async () => wecom.kfSession(who).state,
        (state) => state === 2,
      );
      await wecom.servicerChanges({ ...who, changeType: 1, servicerUserid: "lisi" });
      await wecom.servicerSays({ ...who, servicerUserid: "lisi", text: "您好，我来处理" });
      await eventually(
        "handoff",
        () => handoffs("wm0001"),
        ([it]) => it?.status === "human",
      );
      console.log("   lisi 在微信客服里接待");
      await wecom.servicerChanges({ ...who, changeType: 3, servicerUserid: "lisi" });
      await eventually(
        "return",
        () => handoffs("wm0001"),
        ([it]) => it?.status === "returned",
      );
      const told = wecom.shown("wm0001").length;
      await wecom.kfSay({ ...who, text: "你好" });
      await wecom.waitForShown("wm0001", ({ via }) => via === "kf", 10_000, told);
      console.log("   结束以后机器人接着答");
    },
  },
  {
    name: "OpenAI 接口：流式提问，同一个会话里要人工",
    async play({ ask, handoffs }) {
      if (!(await ask(KNOWN)).includes("（来源：《")) throw new Error("no source in the answer");
      if (!(await ask(UNKNOWN)).includes(FIXED)) throw new Error("not the fixed sentence");
      await ask("转人工");
      await eventually(
        "handoff",
        () => handoffs("u:小赵"),
        ([it]) => it?.status === "queued",
      );
    },
  },
];

/** A company's 企业微信, and the service with its documents imported by the operator's own command. */
async function openDesk() {
  const dir = mkdtempSync(join(tmpdir(), "tianwang-desk-"));
  const wecom = await startWecom();
  const { corpId, apps, bots, accounts, callbackToken, encodingAesKey } = wecom.company;
  const settings = {
    DATA_DIR: dir,
    DATABASE_URL: `file:${dir}/app.db`,
    QINGJIAN_WS_URL: "off",
    TUHUI_API_URL: "off",
    TIANWANG_CALLBACK_URL: "off",
    MERGE_WINDOW_MS: "150",
    OPENAI_API_SERVER_KEYS: `demo:${KEY}`,
    WECOM_API_BASE: wecom.url,
    WECOM_CORP_ID: corpId,
    WECOM_AGENT_ID: String(apps[0]?.agentId),
    WECOM_SECRET: apps[0]?.secret ?? "",
    WECOM_TOKEN: callbackToken,
    WECOM_AES_KEY: encodingAesKey,
    WECOM_HANDOFF_USERS: "lisi,wangwu",
    WECOM_KF_SECRET: apps[0]?.secret ?? "",
    WECOM_KF_OPEN_IDS: accounts.map(({ open_kfid }) => open_kfid).join(","),
    WECOM_BOT_ID: bots[0]?.botId ?? "",
    WECOM_BOT_SECRET: bots[0]?.secret ?? "",
    WECOM_BOT_WS_URL: wecom.wsUrl,
    FETCH_ALLOW_HOSTS: new URL(wecom.url).host,
  };
  const imported = execFileSync(process.execPath, ["src/server/cli/knowledge.ts", "import", DOCUMENTS], {
    cwd: ROOT,
    env: { ...process.env, ...settings },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  console.log(`知识库：${imported.trim().split("\n").at(-1)}`);
  const service = await startServiceProcess(settings, ["--no-agent"]);
  wecom.knobs.app.url = `${service.url}/wecom/app`;
  wecom.knobs.kf.url = `${service.url}/wecom/kf`;
  const verified = [await wecom.verifyUrl(), await wecom.verifyKfUrl()];
  if (!verified.every(({ isVerified }) => isVerified)) throw new Error("a callback address was not verified");
  await eventually(
    "bot",
    async () => wecom.isBotConnected(),
    (is) => is,
  );

  return {
    wecom,
    service,
    handoffs: async (customer: string) => {
      const { handoffs } = await service.get<{ handoffs: Handoff[] }>("/api/operations/handoffs");
      return handoffs.filter((it) => it.customer_id === customer);
    },
    /** Waits until a member or a customer reads that. */
    async heard(who: string, words: string): Promise<void> {
      const shown = await wecom.waitForShown(who, (it) => it.type === "text" && it.text.includes(words));
      if (shown.type === "text") console.log(`   机器人 → ${who}: ${oneLine(shown.text)}`);
    },
    async botHeard(chat: string, words: string): Promise<void> {
      const shown = await wecom.waitForBotShown(chat, (it) => textIn(it).includes(words));
      console.log(`   机器人 → ${chat}: ${oneLine(textIn(shown))}`);
    },
    async ask(question: string): Promise<string> {
      const response = await fetch(`${service.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
        body: JSON.stringify({
          model: "helpdesk",
          stream: true,
          user: "小赵",
          messages: [{ role: "user", content: question }],
        }),
      });
      const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: {"));
      const text = lines.map((line) => contentIn(line.slice(6))).join("");
      console.log(`   接口 → 小赵: ${oneLine(text)}`);
      return text;
    },
    async close(): Promise<void> {
      await service.stop();
      await wecom.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Presses the button of a card. */
async function press(wecom: Desk["wecom"], userid: string, shown: { type: string }): Promise<void> {
  if (!("card" in shown)) throw new Error("not a card");
  const { task_id: taskId, button_list: buttons } = shown.card as {
    task_id: string;
    button_list: { key: string }[];
  };
  await wecom.clickCard({ userid, taskId, key: buttons[0]?.key ?? "" });
}

function contentIn(data: string): string {
  const { choices } = JSON.parse(data) as { choices: { delta?: { content?: string } }[] };
  return choices[0]?.delta?.content ?? "";
}

function textIn(shown: object): string {
  return "text" in shown && typeof shown.text === "string" ? shown.text : "";
}

function oneLine(text: string): string {
  const line = text.replaceAll("\n", " ");
  return line.length <= 80 ? line : `${line.slice(0, 80)}…`;
}
