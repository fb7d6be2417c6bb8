export const HASH_WORDS = 8;
export const HASH_BITS = 256;
export const DIHEDRALS = 8;

const GRID_SIDE = 64;
export const HASH_GRID_SIDE = GRID_SIDE;
const FREQUENCIES = 16;

/** cos tables for frequencies 1-16: the constant term says only how bright the picture is. */
const COSINES = Float64Array.from({ length: FREQUENCIES * GRID_SIDE }, (_, at) => {
  const frequency = Math.floor(at / GRID_SIDE) + 1;
  return Math.cos((Math.PI * frequency * (2 * (at % GRID_SIDE) + 1)) / (2 * GRID_SIDE));
});

/** Low frequencies first: they survive most, so the first words alone can rule a picture out. */
const BIT_ORDER = Array.from({ length: HASH_BITS }, (_, at) => at).sort(
  (one, other) => frequencySum(one) - frequencySum(other) || one - other,
);

function frequencySum(at: number): number {
  return Math.floor(at / FREQUENCIES) + (at % FREQUENCIES);
}

/** The 16×16 lowest frequencies of a 64×64 grey grid, vertical frequency first. */
export function transformGrid(grid: Float32Array): Float64Array {
  const rows = new Float64Array(GRID_SIDE * FREQUENCIES);
  for (let y = 0; y < GRID_SIDE; y += 1) {
    for (let frequency = 0; frequency < FREQUENCIES; frequency += 1) {
      let sum = 0;
      for (let x = 0; x < GRID_SIDE; x += 1) {
        sum += (grid[y * GRID_SIDE + x] ?? 0) * (COSINES[frequency * GRID_SIDE + x] ?? 0);
      }
      rows[y * FREQUENCIES + frequency] = sum;
    }
  }
  const found = new Float64Array(HASH_BITS);
  for (let vertical = 0; vertical < FREQUENCIES; vertical += 1) {
    for (let horizontal = 0; horizontal < FREQUENCIES; horizontal += 1) {
      let sum = 0;
      for (let y = 0; y < GRID_SIDE; y += 1) {
        sum += (rows[y * FREQUENCIES + horizontal] ?? 0) * (COSINES[vertical * GRID_SIDE + y] ?? 0);
      }
      found[vertical * FREQUENCIES + horizontal] = sum;
    }
  }
  return found;
}

/** One bit per frequency: above the median or not. */
export function hashOf(frequencies: Float64Array): Uint32Array {
  const median = frequencies.toSorted()[HASH_BITS >> 1] ?? 0;
  const hash = new Uint32Array(HASH_WORDS);
  for (let bit = 0; bit < HASH_BITS; bit += 1) {
    const isHigh = (frequencies[BIT_ORDER[bit] ?? 0] ?? 0) > median;
    if (isHigh) hash[bit >> 5] = (hash[bit >> 5] ?? 0) | (1 << (bit & 31));
  }
  return hash;
}

/**
 * The frequencies of the mirrored or turned picture, without another transform: mirroring changes the sign of the odd
 * frequencies, transposing exchanges the axes. Bits of the number: 1 mirrored left-right, 2 upside down, 4 transposed
 * (transposed first).
 */
export function turnFrequencies(frequencies: Float64Array, dihedral: number): Float64Array {
  const turned = new Float64Array(HASH_BITS);
  for (let vertical = 0; vertical < FREQUENCIES; vertical += 1) {
    for (let horizontal = 0; horizontal < FREQUENCIES; horizontal += 1) {
      const isTransposed = (dihedral & 4) !== 0;
      const from = isTransposed ? horizontal * FREQUENCIES + vertical : vertical * FREQUENCIES + horizontal;
      // Index 0 is frequency 1, so the even indices are the odd frequencies.
      const isMirrored = (dihedral & 1) !== 0 && horizontal % 2 === 0;
      const isFlipped = (dihedral & 2) !== 0 && vertical % 2 === 0;
      turned[vertical * FREQUENCIES + horizontal] =
        (isMirrored === isFlipped ? 1 : -1) * (frequencies[from] ?? 0);
    }
  }
  return turned;
}

/** How many of 32 bits are set. */
export function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
