import { RE2JS } from "re2js";
import type { SafeRegex } from "../../domain/tasks/matching.ts";

const LONGEST_PATTERN = 200;
const LONGEST_TEXT = 4_000;
const MOST_COMPILED = 1_000;

/** RE2 semantics: linear time whatever the pattern, no look-around and no back-references. */
export function createSafeRegex(): SafeRegex {
  const compiled = new Map<string, ((text: string) => boolean) | null>();
  return {
    compile(pattern) {
      const known = compiled.get(pattern);
      if (known !== undefined) return known;
      const test = compilePattern(pattern);
      if (compiled.size >= MOST_COMPILED) compiled.clear();
      compiled.set(pattern, test);
      return test;
    },
  };
}

function compilePattern(pattern: string): ((text: string) => boolean) | null {
  if (pattern.length > LONGEST_PATTERN) return null;
  try {
    const regex = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    return (text) => regex.matcher(text.slice(0, LONGEST_TEXT)).find();
  } catch {
    return null;
  }
}
