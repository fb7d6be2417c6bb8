import fc from "fast-check";
import { checksumOf } from "../domain/orders/checksum.ts";
import { decisionSchema, serviceSchema } from "../domain/orders/service.ts";

export type Tampering = { place: number; by: number };
type Place = (string | number)[];

/** Every value in a certificate, and every list (which can lose an entry). */
function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return value === undefined ? [] : [place];
  const inside = Object.entries(value).flatMap(([key, entry]) => placesIn(entry, [...place, key]));
  return Array.isArray(value) && value.length > 0 ? [place, ...inside] : inside;
}

const FAMILIES: readonly (readonly string[])[] = [
  serviceSchema.options,
  decisionSchema.options,
  ["firm", "needs_review"],
  ["yes", "no", "unsure"],
  ["characters", "pictures"],
];

function alter(value: unknown, by: number): unknown {
  if (typeof value === "number") return value + by;
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return value.toSpliced(Math.abs(by) % value.length, 1);
  if (typeof value !== "string") return Math.abs(by);
  if (value === "failed") return undefined;
  const family = FAMILIES.find((members) => members.includes(value));
  if (family === undefined) return by > 0 ? `${value}${by}` : value.slice(1);
  const others = family.filter((member) => member !== value);
  return others[Math.abs(by) % others.length];
}

function changedAt(value: unknown, [key, ...rest]: Place, by: number): unknown {
  if (key === undefined) return alter(value, by);
  if (Array.isArray(value)) {
    return value.map((entry: unknown, at) => (at === Number(key) ? changedAt(entry, rest, by) : entry));
  }
  const fields = value as Record<string, unknown>;
  return { ...fields, [key]: changedAt(fields[key], rest, by) };
}

/** The certificate with one thing in it changed: a number, a flag, a word, a list that lost an entry. */
export function tamperedWith<Certificate>(certificate: Certificate, { place, by }: Tampering): Certificate {
  const places = placesIn(certificate).filter((at) => at.length > 0);
  const chosen = places[place % places.length] ?? [];
  const isEmptyWord =
    chosen.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], certificate) === "";
  return changedAt(certificate, chosen, isEmptyWord ? Math.abs(by) : by) as Certificate;
}

export function sealed<Certificate extends { checksum: string }>({
  checksum: _,
  ...content
}: Certificate): Certificate {
  return { ...content, checksum: checksumOf(content) } as Certificate;
}

export const tamperings: fc.Arbitrary<Tampering> = fc.record({
  place: fc.nat(),
  by: fc.integer({ min: -9, max: 9 }).filter((by) => by !== 0),
});

export function pickOne<Entry>(entries: readonly Entry[], at: number): Entry[] {
  const start = entries.length === 0 ? 0 : at % entries.length;
  return entries.slice(start, start + 1);
}
