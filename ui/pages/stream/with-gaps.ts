// Samples that are kept only while somebody looks: where nobody did, a chart has a gap and no line through it.

/** Samples that belong together are not further apart: three of the broker's. */
const togetherMs = 20_000

/** With `nothing` between samples that are far apart. */
export function withGaps<T extends { readonly time: number }, N extends object>(
  samples: readonly T[],
  nothing: N,
): (T | (N & { readonly time: number }))[] {
  return samples.flatMap((sample, index): (T | (N & { readonly time: number }))[] => {
    const before = samples[index - 1]
    const isFar = before !== undefined && sample.time - before.time > togetherMs
    return isFar ? [{ ...nothing, time: before.time + 1 }, sample] : [sample]
  })
}
