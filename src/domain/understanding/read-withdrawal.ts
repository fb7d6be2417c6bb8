import type { Service } from "../orders/service.ts";
import { compilePattern } from "./lexicon-pattern.ts";
import type { NormalText } from "./normalise.ts";
import type { PlaybookLexicon } from "./playbook-schema.ts";
import type { NamedService } from "./read-services.ts";
import { createTextPattern } from "./text-pattern.ts";

export type WithdrawalInput = {
  text: NormalText;
  flags: ReadonlySet<string>;
  /** What was offered and not yet agreed to: taking back a part of it leaves the rest. */
  quoted: readonly Service[];
};

export type Withdrawal = {
  /** The services that are wanted, and those that no longer are. */
  wanted: Service[];
  withdrawn: Service[];
  /** The words without what is taken back or refused: sizes and colours are read from these. */
  kept: NormalText;
  /** True when something that was asked for is taken back. */
  withdraws: boolean;
  /** True when something is wanted in place of what is taken back, or the rest goes on: no refusal of the whole. */
  replaces: boolean;
};

/**
 * Tells what a buyer takes back from what they want in its place: 不用放大了，只要裁成正方形. What stands under the
 * negation is read by itself, with the same patterns as any wish; the rest of the words is the wish.
 */
export function createWithdrawalReader(
  lexicon: PlaybookLexicon,
  readServices: (text: NormalText, flags: ReadonlySet<string>) => NamedService[],
): (input: WithdrawalInput) => Withdrawal {
  const { withdrawal } = lexicon;
  const everywhere = (source: string) => new RegExp(compilePattern(source, lexicon.words).source, "gu");
  const scopes = withdrawal.scopes.map(everywhere);
  const refused = everywhere(withdrawal.refused);
  const instead = createTextPattern(withdrawal.instead, lexicon);
  const restGoesOn = createTextPattern(withdrawal.rest_goes_on, lexicon);
  const putOff = createTextPattern(withdrawal.put_off, lexicon);

  return ({ text, flags, quoted }) => {
    // Spaces end a clause as often as not: 不用抠图 弄清晰就行.
    const apart = takeBack(text, text.clauses.replaceAll("\n", ","), flags);
    const { taken, left } = apart.taken.size > 0 ? apart : takeBack(text, text.squeezed, flags);
    const rest = { ...text, squeezed: left };
    const wanted = readServices(rest, flags).map(({ service }) => service);
    const leavesSome = restGoesOn.matches(rest) || quoted.some((service) => !taken.has(service));
    const replaces =
      (taken.size > 0 && (wanted.length > 0 || leavesSome)) || (wanted.length > 0 && instead.matches(text));
    return {
      wanted,
      withdrawn: [...taken].filter((service) => !wanted.includes(service)),
      kept: { ...rest, squeezed: left.replace(refused, ",") },
      withdraws: taken.size > 0,
      replaces: replaces && !putOff.matches(text),
    };
  };

  function takeBack(text: NormalText, said: string, flags: ReadonlySet<string>) {
    const taken = new Set<Service>();
    let left = said;
    for (const scope of scopes) {
      for (const [whole, ...words] of left.matchAll(scope)) {
        const squeezed = words.join("");
        const named = readServices({ ...text, squeezed, clauses: squeezed }, flags);
        for (const { service } of named) taken.add(service);
        if (named.length > 0) left = left.replace(whole, ",");
      }
    }
    return { taken, left };
  }
}
