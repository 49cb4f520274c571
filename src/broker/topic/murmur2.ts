// The hash and the rule with which Kafka's clients choose the partition of a keyed record.

const seed = 0x9747b28c
const multiplier = 0x5bd1e995
const shift = 24

/** MurmurHash2 as Kafka's Utils.murmur2 has it: a signed 32-bit number. */
export function murmur2(key: Buffer): number {
  const size = key.length
  const tail = size & ~3
  let hash = seed ^ size
  for (let position = 0; position < tail; position += 4) {
    hash = Math.imul(hash, multiplier) ^ mix(key.readInt32LE(position))
  }
  if ((size & 3) > 0) hash = mixTail(hash, key, tail)
  hash ^= hash >>> 13
  hash = Math.imul(hash, multiplier)
  return hash ^ (hash >>> 15)
}

/** The partition that Kafka's default partitioner gives to `key`. */
export function partitionOfKey(key: Buffer, partitionCount: number): number {
  return (murmur2(key) & 0x7fff_ffff) % partitionCount
}

function mix(word: number): number {
  const mixed = Math.imul(word, multiplier)
  return Math.imul(mixed ^ (mixed >>> shift), multiplier)
}

function mixTail(hash: number, key: Buffer, start: number): number {
  let word = 0
  for (let position = key.length - 1; position >= start; position--) {
    word = (word << 8) | (key[position] as number)
  }
  return Math.imul(hash ^ word, multiplier)
}
