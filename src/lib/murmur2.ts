const seed = 0x9747b28c
const multiplier = 0x5bd1e995
const shift = 24

/** MurmurHash2 with Kafka's seed, as a signed 32-bit integer: what its default partitioner uses. */
export function murmur2(bytes: Buffer): number {
  const size = bytes.length
  let hash = seed ^ size
  const whole = size & ~3
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), multiplier)
    word ^= word >>> shift
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier)
  }
  if (size !== whole) {
    for (let at = size - 1; at >= whole; at--) hash ^= bytes[at]! << ((at - whole) * 8)
    hash = Math.imul(hash, multiplier)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}
