import { startWecom } from "../../sandbox/wecom/server.ts";
import { type Log, silentLog } from "../domain/log.ts";
import { putDocuments } from "./helpdesk-documents.ts";
import { aRunningService } from "./running-service.ts";

/** The whole service and a 企业微信 of its own, by all three ways, with documents in its knowledge. */
export async function aServiceAtWecom(settings: Record<string, string> = {}, log: Log = silentLog) {
  const wecom = await startWecom();
  const running = await aRunningService({ ...wecomSettings(wecom), MERGE_WINDOW_MS: "0", ...settings }, log);
  wecom.knobs.app.url = `${running.url}/wecom/app`;
  wecom.knobs.kf.url = `${running.url}/wecom/kf`;
  await putDocuments(running.service.store);
  return {
    wecom,
    ...running,
    async stop(): Promise<void> {
      await running.stop();
      await wecom.close();
    },
  };
}
export type ServiceAtWecom = Awaited<ReturnType<typeof aServiceAtWecom>>;

/** What the service needs to know to be that company's. */
export function wecomSettings(wecom: Awaited<ReturnType<typeof startWecom>>): Record<string, string> {
  const { corpId, apps, bots, accounts, callbackToken, encodingAesKey } = wecom.company;
  return {
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
}
