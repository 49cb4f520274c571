import type { Random } from '../../lib/random.ts'

/** `prefix-` and a random UUID, as clients and tools expect. */
export function createMemberId(prefix: string, random: Random): string {
  return `${prefix}-${createUuid(random)}`
}

/** RFC 9562 version 4. */
export function createUuid(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return `${groups.join('-')}-${hex.slice(20)}`
}
