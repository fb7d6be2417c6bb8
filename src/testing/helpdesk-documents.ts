import type { Store } from "../domain/records.ts";
import { createWordCutter, withCharacters } from "../integrations/chinese-words.ts";
import { indexDocument } from "../integrations/knowledge/index-document.ts";

/** What a small IT desk has written down. */
export const DOCUMENTS: Readonly<Record<string, string>> = {
  "vpn-691.md":
    "# VPN 拨号报错 691\n\n提示 691 时，说明账号或密码不对，或者账号已被锁定。先在自助平台重置密码，再重新拨号；还不行等 30 分钟解锁。",
  "printer-jam.md":
    "# 打印机卡纸\n\n打开前盖，双手把卡住的纸顺着走纸方向慢慢抽出来，合上前盖后打印机会自检。反复卡纸请提工单。",
  "mail-quota.md": "# 邮箱容量满了\n\n邮箱超过 10 GB 就不能再发信。把旧邮件归档到本地，或清空已删除文件夹。",
  "qa.jsonl": '{"question":"服务台电话是多少","answer":"服务台电话是 8000，工作日 8:30 到 18:30。"}\n',
};

export async function putDocuments({ knowledge }: Pick<Store, "knowledge">): Promise<void> {
  const cut = withCharacters(createWordCutter());
  for (const [id, text] of Object.entries(DOCUMENTS)) {
    const { document, chunks } = await indexDocument({ id, bytes: new TextEncoder().encode(text) }, cut);
    await knowledge.putDocument(document, chunks, 0);
  }
}
