type XmlLeaf = string | number | bigint | XmlFields;
/** A list is the same element several times. */
export type XmlFields = { [name: string]: XmlLeaf | XmlLeaf[] };

/** As 企业微信 writes a callback: strings in CDATA, numbers bare, everything in one line, no XML declaration. */
export function xmlOf(fields: XmlFields): string {
  return `<xml>${elements(fields)}</xml>`;
}

/** The first element of that name, in CDATA or not; null when there is none. Enough for our own flat messages. */
export function textIn(xml: string, name: string): string | null {
  const found = new RegExp(`<${name}>((?:<!\\[CDATA\\[[\\s\\S]*?\\]\\]>)+|[^<]*)</${name}>`, "u").exec(
    xml,
  )?.[1];
  if (found === undefined) return null;
  return found.startsWith("<![CDATA[") ? found.replaceAll(/<!\[CDATA\[|\]\]>/gu, "") : unescaped(found);
}

function elements(fields: XmlFields): string {
  return Object.entries(fields)
    .flatMap(([name, value]) =>
      Array.isArray(value) ? value.map((it) => element(name, it)) : element(name, value),
    )
    .join("");
}

function element(name: string, value: XmlLeaf): string {
  if (typeof value === "string")
    return `<${name}><![CDATA[${value.replaceAll("]]>", "]]]]><![CDATA[>")}]]></${name}>`;
  return `<${name}>${typeof value === "object" ? elements(value) : value}</${name}>`;
}

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
