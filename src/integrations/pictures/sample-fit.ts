/** How samples under a query relate to it; outside ones, -1, are left out. */
export type SampleFit = {
  /** Pearson's correlation, at most 1; 0 where one of the two is flat. */
  ncc: number;
  /** The share of the query that lies on something. */
  overlap: number;
  /** What brings the samples nearest to the query: query ≈ gain × sample + offset. */
  gain: number;
  offset: number;
  /** The query's standard deviation. */
  deviation: number;
  varianceA: number;
  varianceB: number;
  /** The covariance. */
  shared: number;
};

export function fitSamples(query: Float32Array, samples: Float32Array): SampleFit {
  let count = 0;
  let sumA = 0;
  let sumB = 0;
  let sumAA = 0;
  let sumBB = 0;
  let sumAB = 0;
  for (let at = 0; at < query.length; at += 1) {
    const b = samples[at] ?? -1;
    if (b < 0) continue;
    const a = query[at] ?? 0;
    count += 1;
    sumA += a;
    sumB += b;
    sumAA += a * a;
    sumBB += b * b;
    sumAB += a * b;
  }
  if (count === 0)
    return { ncc: 0, overlap: 0, gain: 0, offset: 0, deviation: 0, varianceA: 0, varianceB: 0, shared: 0 };
  const meanA = sumA / count;
  const meanB = sumB / count;
  const varianceA = Math.max(0, sumAA / count - meanA * meanA);
  const varianceB = Math.max(0, sumBB / count - meanB * meanB);
  const shared = sumAB / count - meanA * meanB;
  const spread = Math.sqrt(varianceA * varianceB);
  const gain = varianceB === 0 ? 0 : shared / varianceB;
  return {
    ncc: spread < 1 ? 0 : shared / spread,
    overlap: count / query.length,
    gain,
    offset: meanA - gain * meanB,
    deviation: Math.sqrt(varianceA),
    varianceA,
    varianceB,
    shared,
  };
}
