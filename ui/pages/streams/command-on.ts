// Commands about one stream, as a shell takes them.
import { isTypable, shellQuoted } from '../../lib/api.ts'

/** `pabal rm orders`; undefined for a name that no command line, or no path of its requests, can hold. */
export function commandOn(
  verb: string,
  { vhost, name }: { readonly vhost: string; readonly name: string },
  flags: readonly string[] = [],
): string | undefined {
  if (!isTypable(vhost + name) || [vhost, name].some((each) => /^\.{1,2}$/.test(each))) {
    return undefined
  }
  const inVHost = vhost === '/' ? [] : ['--vhost', vhost]
  const where = [...flags, ...inVHost].map((word) => ` ${shellQuoted(word)}`).join('')
  // Behind `--` nothing is taken for a flag.
  if (name.startsWith('-')) return `pabal ${verb}${where} -- ${shellQuoted(name)}`
  return `pabal ${verb} ${shellQuoted(name)}${where}`
}
