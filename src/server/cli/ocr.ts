import { readFile } from "node:fs/promises";
import { AppError } from "../../domain/errors.ts";
import { silentLog } from "../../domain/log.ts";
import { createPictureInspector } from "../../integrations/pictures/inspector.ts";
import { createTextReader } from "../../integrations/pictures/ocr/reader.ts";
import { print, runCommand, wordsOf } from "./json-lines.ts";
import { readArguments } from "./settings.ts";

const USAGE = "用法: npm run -s ocr -- 图片…：图片里的文字";

/** `npm run -s ocr -- PATH…`: the text evidence of pictures. */
runCommand(async () => {
  const { positionals } = readArguments(USAGE, {});
  if (positionals.length === 0) throw new AppError("usage", USAGE);
  const reader = createTextReader({ log: silentLog, idleMs: 60_000 });
  const inspector = createPictureInspector();
  for (const path of positionals) {
    const startedAt = performance.now();
    try {
      const inspected = await inspector.inspect(await readFile(path));
      if (!inspected.ok) {
        await print({ path, error: inspected.refusal });
        continue;
      }
      const { verdict, chars_lower, chars_upper, area_share, boxes, failed } = await reader.read(
        inspected.value.clean,
      );
      const ms = Math.round(performance.now() - startedAt);
      await print(
        failed
          ? { path, error: "the text reader is not available" }
          : { path, verdict, chars_lower, chars_upper, area_share, boxes, ms },
      );
    } catch (error) {
      await print({ path, error: wordsOf(error) });
    }
  }
  await reader.close();
});
