// Commands about one stream, as a shell takes them.
import { shellQuoted } from '../../lib/api.ts'

/** `pabal rm orders`; undefined for a name that no command line can hold. */
export function commandOn(
  verb: string,
  { vhost, name }: { readonly vhost: string; readonly name: string },
): string | undefined {
  if ([vhost, name].some(isUnspeakable)) return undefined
  const where = vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
  return `pabal ${verb} ${shellQuoted(name)}${where}`
}

/** Bytes that are no UTF-8, and controls. */
function isUnspeakable(name: string): boolean {
  return !name.isWellFormed() || /\p{Cc}/u.test(name)
}
