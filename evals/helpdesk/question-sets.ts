import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { createWordCutter, withCharacters } from "../../src/integrations/chinese-words.ts";
import { indexDocument } from "../../src/integrations/knowledge/index-document.ts";
import { createSynonyms, synonymsSchema } from "../../src/integrations/knowledge/synonyms.ts";

const lineSchema = z.object({ id: z.string(), question: z.string(), documents: z.array(z.string()) });
export type Question = z.infer<typeof lineSchema>;

const here = (path: string) => new URL(path, import.meta.url);

export function questionsOf(set: "tuning" | "test" | "more"): Question[] {
  return readFileSync(here(`./questions-${set}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => lineSchema.parse(JSON.parse(line)));
}

/** Every document and the written questions, as they are imported. */
export async function indexedDocuments() {
  const cut = withCharacters(createWordCutter());
  const files = [
    ...readdirSync(here("./documents"))
      .sort()
      .map((name) => [name, `./documents/${name}`] as const),
    ["qa.jsonl", "./qa.jsonl"] as const,
  ];
  return await Promise.all(
    files.map(async ([id, path]) => {
      const bytes = readFileSync(here(path));
      return { id, text: bytes.toString("utf8"), ...(await indexDocument({ id, bytes }, cut)) };
    }),
  );
}

export function ourSynonyms() {
  return createSynonyms(
    synonymsSchema.parse(parse(readFileSync(here("../../config/synonyms.yaml"), "utf8"))),
  );
}
