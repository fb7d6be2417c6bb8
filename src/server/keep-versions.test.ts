import { readFileSync } from "node:fs";
import { expect, it, vi } from "vitest";
import type { ConfigText } from "../domain/config-versions.ts";
import { silentLog } from "../domain/log.ts";
import { aShop } from "../testing/shop.ts";
import { configFiles, versionOf } from "./config-files.ts";
import { createVersionKeeper } from "./keep-versions.ts";

const aText = (version: string): ConfigText => ({ name: "risk.yaml", version, content: version });

it("keeps at the start what every file of the shop holds", async () => {
  const shop = await aShop();
  try {
    const { configVersions } = shop.service.store;
    const names = Object.values(configFiles).map(({ name }) => name);
    await vi.waitFor(async () =>
      expect(await configVersions.changes({ limit: 100 })).toHaveLength(names.length),
    );

    for (const name of names) {
      const content = readFileSync(`config/${name}`, "utf8");
      const version = versionOf(content);
      expect(await configVersions.find(name, version)).toEqual([{ name, version, content }]);
    }
  } finally {
    await shop.close();
  }
});

it("lets the shop start and answer whose database keeps none", async () => {
  const shop = await aShop({
    around: (outside) => ({
      ...outside,
      store: {
        ...outside.store,
        configVersions: {
          ...outside.store.configVersions,
          keep: async () => {
            throw new Error("no room");
          },
        },
      },
    }),
  });
  try {
    await shop.say("lin", "你好");

    expect(await shop.told("lin")).toHaveLength(1);
  } finally {
    await shop.close();
  }
});

it("says that a version was not kept, and tries again, in their order", async () => {
  const kept: string[] = [];
  const said: unknown[] = [];
  let faults = 2;
  const versions = createVersionKeeper({
    now: () => 7,
    log: { ...silentLog, warn: (event, fields) => said.push([event, fields?.version]) },
    tryAgainMs: 1,
  });
  versions.note(aText("one"));
  versions.keepIn({
    changes: async () => [],
    find: async () => [],
    async keep({ version }, at) {
      faults -= 1;
      if (faults >= 0) throw new Error("away");
      kept.push(`${version} ${at}`);
    },
  });
  versions.note(aText("two"));

  await vi.waitFor(() => expect(kept).toEqual(["one 7", "two 7"]));
  expect(said).toEqual(Array(2).fill(["config.version_not_kept", "one"]));
  await versions.stop();
});
