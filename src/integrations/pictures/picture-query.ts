import {
  colourShare,
  type FilledBins,
  filledBins,
  makeHistogram,
  turnHistogram,
} from "./colour-histogram.ts";
import { DIHEDRALS, HASH_GRID_SIDE, hashOf, transformGrid, turnFrequencies } from "./dct-hash.ts";
import { CHROMA_SIDE, HASH_WINDOWS } from "./fingerprint.ts";
import { type AlignedQuery, prepareQuery } from "./picture-alignment.ts";
import {
  findInner,
  type MapWindow,
  type PictureMap,
  readMap,
  sampleChroma,
  sampleGrey,
  WHOLE,
} from "./picture-map.ts";

/**
 * One way to see the query: as it is, or without its border. windows: which hashes of an item it is compared with.
 * hashes and colours: one for each turn.
 */
export type QueryView = {
  windows: number[];
  hashes: Uint32Array[];
  colours: FilledBins[];
  aligned: AlignedQuery;
};
export type PictureQuery = { views: QueryView[]; isColourful: boolean };

/** Under this share of coloured pixels the colours say nothing about which picture it was. */
const MIN_COLOUR_SHARE = 0.08;

export async function readQuery(bytes: Uint8Array): Promise<PictureQuery> {
  const map = await readMap(bytes);
  const inner = findInner(map);
  const everyWindow = Array.from({ length: HASH_WINDOWS }, (_, window) => window);
  const views = [viewOf(map, WHOLE, everyWindow)];
  // Without a border that was put around it, a picture is the whole of an item, or all inside the item's own border.
  if (inner !== null) views.push(viewOf(map, inner, [0, HASH_WINDOWS - 1]));
  return {
    views,
    isColourful: colourShare(makeHistogram(map, WHOLE)) >= MIN_COLOUR_SHARE,
  };
}

function viewOf(map: PictureMap, window: MapWindow, windows: number[]): QueryView {
  const frequencies = transformGrid(sampleGrey(map, window, HASH_GRID_SIDE));
  const histogram = makeHistogram(map, window);
  const dihedrals = Array.from({ length: DIHEDRALS }, (_, dihedral) => dihedral);
  const aspect = (map.aspect * window.width) / window.height;
  return {
    windows,
    hashes: dihedrals.map((dihedral) => hashOf(turnFrequencies(frequencies, dihedral))),
    colours: dihedrals.map((dihedral) => filledBins(turnHistogram(histogram, dihedral))),
    aligned: prepareQuery(
      (side) => sampleGrey(map, window, side),
      sampleChroma(map, window, CHROMA_SIDE),
      aspect,
    ),
  };
}
