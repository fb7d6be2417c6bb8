import { RE2JS } from "re2js";
import { MOST_PATTERN_SIZE, type SafePattern, type SafeRegex } from "../../domain/tasks/matching.ts";

const LONGEST_PATTERN = 200;
const LONGEST_TEXT = 2_000;
const MOST_COMPILED = 1_000;

/** RE2 semantics: linear time whatever the pattern, no look-around and no back-references. */
export function createSafeRegex(): SafeRegex {
  const compiled = new Map<string, SafePattern | null>();
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

function compilePattern(pattern: string): SafePattern | null {
  if (pattern.length > LONGEST_PATTERN) return null;
  try {
    const regex = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    const size = regex.programSize();
    // A short pattern can be a large program: (.*){999} repeats its steps a thousand times.
    if (size > MOST_PATTERN_SIZE) return null;
    return { size, test: (text) => regex.matcher(text.slice(0, LONGEST_TEXT)).find() };
  } catch {
    return null;
  }
}
