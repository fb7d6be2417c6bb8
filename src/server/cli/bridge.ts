import { readFile } from "node:fs/promises";
import { inboundFrameSchema } from "../../channels/qingjian/frames.ts";
import { createFrameMapper } from "../../channels/qingjian/mapping.ts";
import { AppError } from "../../domain/errors.ts";
import { print, runCommand, runJsonLines } from "./json-lines.ts";
import { connectService } from "./service-client.ts";
import { readArguments, readSettings } from "./settings.ts";

const USAGE = "用法: npm run bridge -- dry-run 样例.jsonl [--profile 名字] | unmatched";

/** `npm run bridge`: try recorded frames on a profile, and list frames that no rule understood. */
runCommand(async () => {
  const { values, positionals } = readArguments(USAGE, {
    profile: { type: "string" },
    json: { type: "boolean" },
  });
  const [verb, file] = positionals;
  if (verb === "unmatched") {
    const { frames, has_bridge } = await connectService()("GET", "/api/operations/bridge/unmatched");
    if (has_bridge !== true)
      console.error(
        "这个进程现在没有连着轻简；开着几个进程时，要问 /api/health 里 bridge 是 connected 的那一个。",
      );
    for (const frame of frames as unknown[]) await print(frame);
    return;
  }
  if (verb !== "dry-run" || file === undefined) throw new AppError("usage", USAGE);
  const { config, env } = readSettings();
  const mapper = createFrameMapper(config.profile(values.profile ?? env.QINGJIAN_PROFILE));
  await readFile(file);
  await runJsonLines(file, (raw) => ({
    frames: mapper.inbound(raw).map((mapped) => {
      if (mapped.status !== "mapped") return mapped;
      const checked = inboundFrameSchema.safeParse(mapped.frame);
      return checked.success
        ? { status: "ok", frame: checked.data }
        : {
            status: "bad_frame",
            frame: mapped.frame,
            why: checked.error.issues.map((it) => `${it.path.join(".")}: ${it.message}`),
          };
    }),
  }));
});
