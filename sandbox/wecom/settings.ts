/** Where `npm run sandbox` puts 企业微信; tests take a free port instead. */
export const DEFAULT_PORT = 8099;

export type AppSetting = {
  agentId: number;
  secret: string;
  /** Listed under 微信客服 → 可调用接口的应用: its token may call kf/*. */
  mayCallKf: boolean;
};
export type BotSetting = { botId: string; secret: string; name: string };
export type KfAccount = { open_kfid: string; name: string };
/** status as kf/servicer/list has it: 0 is 接待中, 1 is 停止接待. */
export type Servicer = { userid: string; status: 0 | 1 };
export type KfCustomer = { external_userid: string; nickname: string; gender: 0 | 1 | 2; unionid: string };

export type WecomSettings = {
  corpId: string;
  apps: AppSetting[];
  /** Of the app's and 微信客服's callbacks alike. */
  callbackToken: string;
  encodingAesKey: string;
  members: string[];
  bots: BotSetting[];
  accounts: KfAccount[];
  servicers: Servicer[];
  customers: KfCustomer[];
};

/** A company with one app, one bot and one 客服账号; what startWecom starts with unless told otherwise. */
export const WECOM_DEFAULTS: WecomSettings & { port: number } = {
  port: DEFAULT_PORT,
  corpId: "wwcorp001",
  apps: [{ agentId: 1000002, secret: "app-secret", mayCallKf: true }],
  callbackToken: "TestToken01",
  encodingAesKey: "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA",
  members: ["zhangsan", "lisi", "wangwu"],
  bots: [{ botId: "bot-01", secret: "bot-secret", name: "小天" }],
  accounts: [{ open_kfid: "wk0001", name: "在线客服" }],
  servicers: [
    { userid: "lisi", status: 0 },
    { userid: "wangwu", status: 1 },
  ],
  customers: [{ external_userid: "wm0001", nickname: "小李", gender: 1, unionid: "un0001" }],
};
