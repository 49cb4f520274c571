// Hashes that spread texts evenly. They decide where messages go, so they never change.

const prime = 0x01000193

/** FNV-1a over the units of a text, from `basis`, mixed so that every bit depends on all of them. */
export function hashText(text: string, basis: number): number {
  let hash = basis
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    hash = Math.imul(hash ^ (unit & 0xff), prime)
    hash = Math.imul(hash ^ (unit >>> 8), prime)
  }
  return mix(hash)
}

/** The last step of MurmurHash3: an unsigned 32-bit number, different for different numbers. */
export function mix(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
