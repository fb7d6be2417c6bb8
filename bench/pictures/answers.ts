import type { GalleryMatch } from "../../src/domain/pictures/ports.ts";
import { table } from "../figures.ts";
import type { SetPicture } from "./gallery-set.ts";

/** What the three searches said to one query. */
export type Answer = {
  distortion: string;
  source: SetPicture;
  ms: number;
  matches: GalleryMatch[];
  plain: string | null;
  phash: string | null;
};
type Judge = (answer: Answer) => boolean;

export const isFound: Judge = ({ matches, source }) => matches[0]?.item_id === source.id;
const isAmongTop: Judge = ({ matches, source }) => matches.some((it) => it.item_id === source.id);
const isFoundPlainly: Judge = ({ plain, source }) => plain === source.id;
const isFoundByPhash: Judge = ({ phash, source }) => phash === source.id;
const isOfSeries: Judge = ({ source }) => source.series !== null;

export function shareOf(answers: readonly Answer[], judge: Judge): string {
  return (answers.filter(judge).length / answers.length).toFixed(3);
}

export function recallTable(answers: readonly Answer[], bar: number): string {
  const groups: [string, Answer[]][] = [
    ...byDistortion(answers),
    ["**all**", [...answers]],
    ["sources in a series", answers.filter(isOfSeries)],
    ["other sources", answers.filter((it) => !isOfSeries(it))],
  ];
  const rows = groups.map(([name, group]) => [
    name,
    group.length,
    shareOf(group, isFound),
    shareOf(group, isAmongTop),
    shareOf(group, isFoundPlainly),
    shareOf(group, isFoundByPhash),
    name === "**all**" ? `≥ ${bar}` : "",
  ]);
  return table(
    ["recall@1", "queries", "tianwang-cs", "(among the first 5)", "plain method", "sharp-phash 2.2.0", "bar"],
    rows,
  );
}

export function bandTable(answers: readonly Answer[]): string {
  const rows = byDistortion(answers).map(([name, group]) => {
    const bands = group.map(
      ({ matches, source }) => matches.find((it) => it.item_id === source.id)?.band ?? "not found",
    );
    const count = (band: string): number => bands.filter((it) => it === band).length;
    return [
      name,
      count("same"),
      count("similar"),
      count("none"),
      count("not found"),
      countWronglySame(group),
    ];
  });
  return table(
    ["the source is called", "same", "similar", "none", "not among 5", "another picture is called same"],
    rows,
  );
}

export function countWronglySame(answers: readonly Pick<Answer, "matches" | "source">[]): number {
  return answers.filter(({ matches, source }) =>
    matches.some((it) => it.band === "same" && it.item_id !== source.id),
  ).length;
}

function byDistortion(answers: readonly Answer[]): [string, Answer[]][] {
  return [...Map.groupBy(answers, ({ distortion }) => distortion)];
}
