import { Parser } from "htmlparser2";
import { AppError } from "../../domain/errors.ts";

/** A callback has a list within an element within the message. */
const DEEPEST = 8;

export type XmlFields = Readonly<Record<string, string>>;

/**
 * The elements of a callback by name, all as text: a MsgId has more digits than a number can hold. Elements inside others
 * count by their own name, the first of a name wins. Entities of a document type are not read.
 *
 * Throws AppError("bad-callback") when the outermost element is not `xml`, or one lies too deep.
 */
export function readFlatXml(text: string): XmlFields {
  const fields: Record<string, string> = Object.create(null) as Record<string, string>;
  const open: { name: string; text: string; hasChildren: boolean }[] = [];
  let root: string | null = null;
  const parser = new Parser(
    {
      onopentag(name) {
        root ??= name;
        if (open.length >= DEEPEST) throw new AppError("bad-callback", "nested too deep");
        const parent = open.at(-1);
        if (parent !== undefined) parent.hasChildren = true;
        open.push({ name, text: "", hasChildren: false });
      },
      ontext(piece) {
        const inner = open.at(-1);
        if (inner !== undefined) inner.text += piece;
      },
      onclosetag() {
        const element = open.pop();
        if (element !== undefined && !element.hasChildren && open.length > 0)
          fields[element.name] ??= element.text;
      },
    },
    { xmlMode: true },
  );
  parser.end(text);
  if (root !== "xml") throw new AppError("bad-callback", "not the XML of a callback");
  return fields;
}
