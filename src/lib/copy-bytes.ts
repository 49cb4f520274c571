// Below this a loop is quicker than the call into the engine.
const loopSizeMax = 32

/**
 * Copies `source[start, end)` to `target` at `at`, which must have room, and returns where the copy
 * ends.
 */
// oxlint-disable-next-line max-params -- called per message: an options object would be an allocation
export function copyBytes(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): number {
  const size = end - start
  if (size > loopSizeMax) {
    source.copy(target, at, start, end)
    return at + size
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!
  return at + size
}
