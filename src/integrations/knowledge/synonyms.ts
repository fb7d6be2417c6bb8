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
export type SynonymGroups = z.infer<typeof synonymsSchema>;

export type Synonyms = {
  /** Every group of which the question holds a word, as it stands or within a longer one: what it holds and the rest. */
  meanings(question: string): { said: string[]; others: string[] }[];
  /** How else that word of the question may be written. */
  insteadOf(word: string, question: string): string[];
};

export const NO_SYNONYMS: Synonyms = { meanings: () => [], insteadOf: () => [] };

export function createSynonyms({ groups }: SynonymGroups): Synonyms {
  return {
    meanings(question) {
      const text = folded(question);
      return groups
        .map((group) => ({
          said: group.filter((word) => text.includes(word)),
          others: group.filter((word) => !text.includes(word)),
        }))
        .filter(({ said }) => said.length > 0);
    },
    insteadOf(word, question) {
      const text = folded(question);
      const means = (other: string) =>
        other === word ||
        (other.length > 1 && word.includes(other)) ||
        // 红叉 of 红叉叉: a part of what the group has, when the question says all of that.
        (word.length > 1 && other.includes(word) && text.includes(other));
      return groups.filter((group) => group.some(means)).flat();
    },
  };
}

function folded(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim();
}
