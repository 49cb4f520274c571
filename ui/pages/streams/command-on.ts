// Commands about one stream, as a shell takes them.
import { isTypable, shellQuoted } from '../../lib/api.ts'

/** `pabal rm orders`; undefined for a name that no command line can hold. */
export function commandOn(
  verb: string,
  { vhost, name }: { readonly vhost: string; readonly name: string },
): string | undefined {
  if (!isTypable(vhost + name)) return undefined
  const where = vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
  // Behind `--` nothing is taken for a flag.
  if (name.startsWith('-')) return `pabal ${verb}${where} -- ${shellQuoted(name)}`
  return `pabal ${verb} ${shellQuoted(name)}${where}`
}
