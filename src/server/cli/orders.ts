import { readFile } from "node:fs/promises";
import { AppError } from "../../domain/errors.ts";
import { runCommand } from "./json-lines.ts";
import { connectService, show } from "./service-client.ts";
import { readArguments } from "./settings.ts";

const USAGE = `用法: npm run orders -- list [--status review] | show ID | 处理 ID [--by 名字] [--json]
处理:
  confirm ID                 核对通过（后来加的要求也是）
  reject ID [--reason 原因]   不做：有后来加的要求在等核对时只去掉它，否则整单不做
  price ID --yuan 80         人工定价，告诉买家，等买家答应
  paid ID                    款到了
  start ID                   转到人工的单改由系统来做
  deliver ID --file 图片      人工交付，可写多个 --file
  cancel ID                  替买家取消`;

const PLAIN_ACTS = ["confirm", "paid", "start", "cancel"];

/** `npm run orders`: look at orders, and do with them what a person may. */
runCommand(async () => {
  const text = { type: "string" } as const;
  const { values, positionals } = readArguments(USAGE, {
    status: text,
    limit: text,
    by: text,
    reason: text,
    yuan: text,
    file: { type: "string", multiple: true },
    json: { type: "boolean" },
  });
  const [verb = "list", id] = positionals;
  const { status, limit = "50", by = "operator", reason, json = false } = values;
  const call = connectService();
  if (verb === "list") {
    const query = new URLSearchParams({ limit, ...(status === undefined ? {} : { status }) });
    const { orders } = await call("GET", `/api/operations/orders?${query}`);
    const rows = (orders as Record<string, unknown>[]).map((order) => ({
      ...order,
      words: (order.demand as { words: string }).words,
      yuan: order.total_fen === null ? null : Number(order.total_fen) / 100,
    }));
    show(rows, ["id", "kind", "status", "yuan", "customer_id", "revision", "words"], json);
    return;
  }
  if (id === undefined) throw new AppError("usage", USAGE);
  const path = `/api/operations/orders/${encodeURIComponent(id)}`;
  const act = async (body: Record<string, unknown>) => {
    const { success: _done, ...answer } = await call("POST", `${path}/${verb}`, { by, ...body });
    console.log(JSON.stringify(answer));
  };
  if (verb === "show") console.log(JSON.stringify(await call("GET", path), null, 2));
  else if (PLAIN_ACTS.includes(verb)) await act({});
  else if (verb === "reject") await act(reason === undefined ? {} : { reason });
  else if (verb === "price") await act({ yuan: yuanOf(values.yuan) });
  else if (verb === "deliver") await act({ pictures: await upload(values.file ?? []) });
  else throw new AppError("usage", USAGE);

  async function upload(files: string[]): Promise<string[]> {
    if (files.length === 0) throw new AppError("usage", USAGE);
    const ids: string[] = [];
    for (const file of files) {
      const bytes = await readFile(file).catch(() => {
        throw new AppError("no-file", `读不了文件 ${file}`);
      });
      const { picture } = await call("POST", "/api/operations/pictures", new Uint8Array(bytes));
      ids.push((picture as { id: string }).id);
    }
    return ids;
  }
});

function yuanOf(given: string | undefined): number {
  const yuan = Number(given);
  if (given === undefined || given.trim() === "" || !Number.isFinite(yuan))
    throw new AppError("usage", `--yuan 写多少元，如 --yuan 80\n${USAGE}`);
  return yuan;
}
