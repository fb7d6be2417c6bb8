import { z } from "zod";

/** config/synonyms.yaml: groups of words that mean the same to those who ask and those who write. */
export const synonymsSchema = z.object({
  groups: z.array(
    z
      .string()
      .transform((line) =>
        line
          .split(",")
          .map(folded)
          .filter((word) => word !== ""),
      )
      .refine((words) => words.length > 1, "a group needs two words, with commas between them"),
  ),
});
export type Synonyms = z.infer<typeof synonymsSchema>;

/** The words of every group of which the question holds one, as it stands or within a longer word. */
export function createSynonyms({ groups }: Synonyms): (question: string) => string[] {
  return (question) => {
    const text = folded(question);
    return groups.filter((group) => group.some((word) => text.includes(word))).flat();
  };
}

function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim();
}
