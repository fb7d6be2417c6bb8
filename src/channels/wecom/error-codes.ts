/**
 * What an errcode asks of us. retry: 企业微信 is busy. renew: the token is over. later: too often, after a while again.
 * settings: an administrator has to change something. drop: this one will never go out.
 */
export type ErrorAction = "retry" | "renew" | "later" | "settings" | "drop";

/** protocols §1.3, §1.5 and §1.6; errmsg is for people and changes. */
export const ERROR_CODES: Readonly<Record<number, { action: ErrorAction; hint: string }>> = {
  [-1]: { action: "retry", hint: "企业微信系统繁忙" },
  40001: { action: "settings", hint: "Secret 不对，检查 WECOM_SECRET 或 WECOM_KF_SECRET" },
  40013: { action: "settings", hint: "企业 ID 不对，检查 WECOM_CORP_ID" },
  40056: { action: "settings", hint: "应用 ID 不对，检查 WECOM_AGENT_ID" },
  301002: { action: "settings", hint: "这个 Secret 不属于 WECOM_AGENT_ID 的应用" },
  40014: { action: "renew", hint: "access_token 无效" },
  41001: { action: "renew", hint: "缺少 access_token" },
  42001: { action: "renew", hint: "access_token 过期" },
  40007: { action: "drop", hint: "素材不存在或已过期" },
  40008: { action: "drop", hint: "消息类型不支持" },
  40058: { action: "drop", hint: "参数不合法" },
  45002: { action: "drop", hint: "内容超过长度限制" },
  45009: { action: "later", hint: "接口调用太频繁" },
  45033: { action: "later", hint: "接口并发太高" },
  48002: { action: "settings", hint: "应用没有这个接口的权限" },
  60011: { action: "settings", hint: "应用看不到这个成员，检查应用的可见范围" },
  60020: { action: "settings", hint: "服务器 IP 不在应用的企业可信 IP 里" },
  81013: { action: "drop", hint: "成员不存在或不在应用的可见范围" },
  42045: { action: "drop", hint: "模板卡片缺少 card_action" },
  95000: { action: "settings", hint: "客服账号不存在，检查 WECOM_KF_OPEN_IDS" },
  95001: { action: "drop", hint: "客户每发一条消息，48 小时内只能回 5 条" },
  95002: { action: "drop", hint: "客户超过 48 小时没有发消息" },
  95016: { action: "drop", hint: "会话状态不允许这样变更" },
  95017: { action: "settings", hint: "微信客服没有开启 API 接入" },
  95018: { action: "drop", hint: "会话不由 API 接待，不能发消息" },
  40096: { action: "drop", hint: "客户不存在" },
  846605: { action: "drop", hint: "回复凭据无效" },
  846608: { action: "drop", hint: "流式消息已过期" },
  846609: { action: "retry", hint: "机器人还没有订阅" },
  853000: { action: "settings", hint: "机器人 ID 或 Secret 不对，检查 WECOM_BOT_ID 和 WECOM_BOT_SECRET" },
};

/** A code that nobody told us of is "this cannot be done". */
export function actionFor(errcode: number): ErrorAction {
  return ERROR_CODES[errcode]?.action ?? "drop";
}
