import { readFile } from "node:fs/promises";
import { createPictureInspector } from "../../integrations/pictures/inspector.ts";
import { print, runCommand, wordsOf } from "./json-lines.ts";
import { positionals } from "./settings.ts";

/** `npm run -s picture -- PATH…`: would the one door take these files? */
runCommand(async () => {
  const inspector = createPictureInspector();
  for (const path of positionals(process.argv.slice(2))) {
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
