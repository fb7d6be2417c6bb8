import { AppError } from "../../domain/errors.ts";
import { createLocalFileStore } from "../../integrations/pictures/local-file-store.ts";
import { copyFiles } from "../copy-files.ts";
import { filesDirOf, openFiles } from "../open-files.ts";
import { loadEnv } from "../process-env.ts";
import { projectRoot } from "../project-root.ts";
import { runCommand } from "./json-lines.ts";
import { readArguments } from "./settings.ts";

const USAGE = "用法: npm run files -- check | push";
const TELL_EVERY = 100;

/** `npm run files`: whether files can be written where the settings say, and bringing the local ones there. */
runCommand(async () => {
  const { positionals } = readArguments(USAGE, {});
  const [verb, ...rest] = positionals;
  if (rest.length > 0) throw new AppError("usage", USAGE);
  const root = projectRoot();
  const env = loadEnv(root);
  const dir = filesDirOf(env, root);
  const place = env.FILES_STORE ?? dir;
  const files = await openFiles(env, root);
  if (verb === "check") {
    await files.check();
    console.log(`${place} 可以写入`);
  } else if (verb === "push") {
    if (env.FILES_STORE === undefined)
      throw new AppError("usage", "没有设置 FILES_STORE：不知道要上传到哪里");
    const { found, present, copied, corrupt, gone } = await copyFiles(
      createLocalFileStore(dir),
      files,
      (done, all) => {
        if (done % TELL_EVERY === 0) console.error(`${done}/${all}`);
      },
    );
    for (const id of corrupt) console.error(`已损坏，没有上传: ${id}`);
    console.log(
      `${dir} 里有 ${found} 个文件：上传 ${copied}，已有 ${present}，损坏 ${corrupt.length}，中途消失 ${gone}；已核对 ${place}`,
    );
    if (corrupt.length > 0) process.exitCode = 1;
  } else throw new AppError("usage", USAGE);
});
