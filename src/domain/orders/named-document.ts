import { cutsUnbroken, findPatterns, type RiskLexicon } from "./risk-lexicon.ts";
import { type FoldedText, findPattern, findTerm, type Span, sourceOf } from "./text-folding.ts";
import { isAcrossWords } from "./word-borders.ts";

type Group = RiskLexicon["groups"][number];
export type Naming = {
  plain: FoldedText;
  words: FoldedText;
  isOfProduct: boolean;
  isOfMedium: boolean;
};

/** Where the buyer names a document of this group and means it, as written. */
export function findNamed(naming: Naming, group: Group, lexicon: RiskLexicon): string | null {
  const { plain, words } = naming;
  const talk = talkLines(words, group.group.id, lexicon);
  for (const find of [
    ...group.terms.map(
      (term) => () => findTerm(words, term).filter((span) => !isAccident(plain, span, lexicon)),
    ),
    ...group.patterns.map((pattern) => () => findPattern(words, pattern)),
  ]) {
    const real = find().find(
      (span) => !(talk.size > 0 && talk.has(lineOf(words, span))) && isMeant(naming, span, group, lexicon),
    );
    if (real !== undefined) return sourceOf(words, real);
  }
  return null;
}

function isAccident(plain: FoldedText, span: Span, lexicon: RiskLexicon): boolean {
  return cutsUnbroken(plain, span, lexicon) || isAcrossWords(plain, span, lexicon.openWords);
}

/** 发票开错了, 能盖章签一份吗: lines about our own shop's papers, unless something is to be forged. */
function talkLines(words: FoldedText, groupId: string, { talk }: RiskLexicon): ReadonlySet<number> {
  const spans = talk
    .filter(({ groups, unless }) => groups.includes(groupId) && findPatterns(words, unless).length === 0)
    .flatMap(({ about }) => findPatterns(words, about));
  return new Set(spans.map((span) => lineOf(words, span)));
}

function lineOf({ text }: FoldedText, { start }: Span): number {
  return text.lastIndexOf("\n", start - 1);
}

function isMeant(
  { words, isOfProduct, isOfMedium }: Naming,
  span: Span,
  { group }: Group,
  lexicon: RiskLexicon,
): boolean {
  const { mentions } = lexicon;
  const before = words.text.slice(Math.max(0, span.start - 12), span.start);
  const after = words.text.slice(span.end, span.end + 30);
  if (isOfProduct && !isWorkedOn(words, span)) return false;
  if (isOnlyMentioned(words, span, lexicon)) return false;
  if (!group.is_thing) return true;
  if (mentions.required.some((pattern) => pattern.test(before))) return false;
  if (mentions.after.some((pattern) => pattern.test(after))) return false;
  if (isQuotedText(words, span, lexicon)) return false;
  const isChanged =
    mentions.workedBefore.some((pattern) => pattern.test(before)) ||
    mentions.workedAfter.some((pattern) => pattern.test(after));
  if (isChanged) return true;
  return !isOfMedium && !mentions.before.some((pattern) => pattern.test(before));
}

/** 改身份证, 身份证上的名字: the document itself is meant, whatever product stands beside it. */
function isWorkedOn({ text }: FoldedText, { start, end }: Span): boolean {
  return (
    /[改p换把将办仿盖造]$/u.test(text.slice(0, start)) ||
    /^(?:上的|里的|的|号|有效期|日期)/u.test(text.slice(end))
  );
}

/** 发票夹 is a thing to sell; 考驾照 is a reason for a portrait. Neither is the document. */
function isOnlyMentioned(words: FoldedText, span: Span, lexicon: RiskLexicon): boolean {
  const follows = lexicon.productEndings.some((term) =>
    findTerm(words, term).some((ending) => ending.start === span.end),
  );
  const precedes = lexicon.purposeBeginnings.some((term) =>
    findTerm(words, term).some((beginning) => beginning.end === span.start),
  );
  const suffix = words.text[span.end];
  const bars = suffix === undefined ? undefined : lexicon.productSuffixes.get(suffix);
  const isThing = bars !== undefined && !bars.includes(words.text[span.end + 1] ?? " ");
  return follows || precedes || isThing;
}

const QUOTED = /[“"「『](?<inside>[^“”"「」『』\n]{1,40})[”"」』]/gu;

/** “领鸡蛋需带身份证” is a line of text that names one; “身份证” alone may be a disguise. */
function isQuotedText(words: FoldedText, span: Span, lexicon: RiskLexicon): boolean {
  const from = words.origins[span.start] ?? 0;
  const to = words.origins[span.end - 1] ?? 0;
  const quote = [...words.source.matchAll(QUOTED)].find(
    (match) => match.index < from && match.index + match[0].length > to,
  );
  const inside = quote?.groups?.inside ?? "";
  if (
    quote === undefined ||
    lexicon.quotedExcept.some((term) => findTerm(lexicon.fold(inside), term).length > 0)
  ) {
    return false;
  }
  const rest = words.source.slice(quote.index + quote[0].length, quote.index + quote[0].length + 10);
  const isLine = /^[\s这那]{0,2}(?:[一二两三四五六七八九几\d]{0,2}个?[字行]|这句|那句|字样)/u.test(rest);
  const ahead = words.source.slice(Math.max(0, quote.index - 8), quote.index);
  const isWritten =
    /(?:写|加|文案|标题|改成|换成|改为|印|标注|注明|打上|一句|一行|上面|下面)[着上个了一句行字：:\s]{0,4}$/u.test(
      ahead,
    );
  return isLine || isWritten || lexicon.fold(inside).text.length > span.end - span.start + 1;
}
