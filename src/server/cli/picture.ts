import { readFile } from "node:fs/promises";
import { AppError } from "../../domain/errors.ts";
import { createPictureInspector } from "../../integrations/pictures/inspector.ts";
import { print, runCommand, wordsOf } from "./json-lines.ts";
import { readArguments } from "./settings.ts";

const USAGE = "用法: npm run -s picture -- 图片…：这些图片能不能收";

/** `npm run -s picture -- PATH…`: would the one door take these files? */
runCommand(async () => {
  const { positionals } = readArguments(USAGE, {});
  if (positionals.length === 0) throw new AppError("usage", USAGE);
  const inspector = createPictureInspector();
  for (const path of positionals) {
    try {
      const inspected = await inspector.inspect(await readFile(path));
      if (inspected.ok) {
        const { width, height, format } = inspected.value.facts;
        await print({ path, accepted: true, width, height, format });
      } else
        await print({
          path,
          accepted: false,
          reason: inspected.refusal,
          width: null,
          height: null,
          format: null,
        });
    } catch (error) {
      await print({ path, accepted: false, reason: wordsOf(error), width: null, height: null, format: null });
    }
  }
});
