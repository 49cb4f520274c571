import { unmapped } from './loopback.ts'

/** Groups of 16 bits that name a network; the rest is up to the machine in it. */
const networkGroups = 4
const allGroups = 8

/**
 * Whom an address stands for, as text to compare: an IPv4 address for itself, an IPv6 address for its
 * network of 64 bits, all of which one machine can have.
 */
export function networkOf(address: string): string {
  const plain = unmapped(address.toLowerCase())
  if (!plain.includes(':')) return plain
  const [head = '', tail] = (plain.split('%')[0] ?? '').split('::')
  const first = groupsOf(head)
  const last = groupsOf(tail ?? '')
  const gap = tail === undefined ? 0 : Math.max(0, allGroups - first.length - last.length)
  const groups = [...first, ...Array<string>(gap).fill('0'), ...last]
  return `${groups.slice(0, networkGroups).join(':')}::/64`
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, ''))
}
