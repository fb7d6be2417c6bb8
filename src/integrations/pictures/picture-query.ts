import { colourShare, makeHistogram, turnHistogram } from "./colour-histogram.ts";
import { DIHEDRALS, HASH_GRID_SIDE, hashOf, transformGrid, turnFrequencies } from "./dct-hash.ts";
import { type AlignedQuery, prepareQuery } from "./picture-alignment.ts";
import { findInner, type MapWindow, type PictureMap, readMap, sampleGrey, WHOLE } from "./picture-map.ts";

/** One way to see the query: as it is, or without its border. */
export type QueryView = { hashes: Uint32Array[]; histograms: Uint8Array[]; aligned: AlignedQuery };
export type PictureQuery = { views: QueryView[]; isColourful: boolean };

/** Under this share of coloured pixels the colours say nothing about which picture it was. */
const MIN_COLOUR_SHARE = 0.08;

export async function readQuery(bytes: Uint8Array): Promise<PictureQuery> {
  const map = await readMap(bytes);
  const inner = findInner(map);
  const windows = inner === null ? [WHOLE] : [WHOLE, inner];
  return {
    views: windows.map((window) => viewOf(map, window)),
    isColourful: colourShare(makeHistogram(map, WHOLE)) >= MIN_COLOUR_SHARE,
  };
}

function viewOf(map: PictureMap, window: MapWindow): QueryView {
  const frequencies = transformGrid(sampleGrey(map, window, HASH_GRID_SIDE));
  const histogram = makeHistogram(map, window);
  const dihedrals = Array.from({ length: DIHEDRALS }, (_, dihedral) => dihedral);
  const aspect = (map.aspect * window.width) / window.height;
  return {
    hashes: dihedrals.map((dihedral) => hashOf(turnFrequencies(frequencies, dihedral))),
    histograms: dihedrals.map((dihedral) => turnHistogram(histogram, dihedral)),
    aligned: prepareQuery((side) => sampleGrey(map, window, side), aspect),
  };
}
