// The kinds of value a setting can have. Each accepts the typed form (from YAML or from code) and the
// text form (from a flag or the environment), and says in plain words what it wanted. No library for
// schemas: it would be a fifth of the time to start (docs/decisions/0040).

/** A TCP port, 0 for any free one, or `off` for no listener. */
export type Port = number | 'off'

/** What became of a value that was given: its typed form, or what it should have been. */
export type Checked<Value> = { readonly value: Value } | { readonly problem: string }

/** A kind of value: checks what was given. */
export type Kind<Value> = (given: unknown) => Checked<Value>

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

function parseNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
}

function parseSize(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const match = /^(\d{1,12})\s*([a-z]{0,3})$/i.exec(value.trim())
  const unit = units[match?.[2]?.toLowerCase() ?? '']
  return match === null || unit === undefined ? value : Number(match[1]) * unit
}

function isWholeNumber(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): Kind<number> {
  const problem = `must be a whole number from ${min} to ${max}`
  return (given) => {
    const value = parseNumber(given)
    return isWholeNumber(value, min, max) ? { value } : { problem }
  }
}

/** `true` or `false`. */
export function flag(): Kind<boolean> {
  return (given) => {
    if (given === true || given === 'true') return { value: true }
    if (given === false || given === 'false') return { value: false }
    return { problem: 'must be true or false' }
  }
}

/** `true`, `false` or `auto`. */
export function flagOrAuto(): Kind<boolean | 'auto'> {
  const either = flag()
  return (given) => {
    if (given === 'auto') return { value: given }
    const found = either(given)
    return 'problem' in found ? { problem: 'must be true, false or auto' } : found
  }
}

/** A number of bytes from `min` to `max`, written plainly or with a unit (`16MiB`). */
export function size(min: number, max: number): Kind<number> {
  const problem = `must be a size from ${formatSize(min)} to ${formatSize(max)}, such as 16MiB`
  return (given) => {
    const value = parseSize(given)
    return isWholeNumber(value, min, max) ? { value } : { problem }
  }
}

/** A share from 0 to 1 (`0.6` or `60%`), or a number of bytes; numbers up to 1 are shares. */
export function shareOrSize(): Kind<number> {
  const problem = 'must be a share from 0 to 1, such as 0.6, or a size such as 2GiB'
  return (given) => {
    const share = typeof given === 'string' ? parseShare(given) : given
    if (typeof share === 'number' && share >= 0 && share <= 1) return { value: share }
    const value = parseSize(given)
    return isWholeNumber(value, 2, 2 ** 50) ? { value } : { problem }
  }
}

function parseShare(given: string): number | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,6})?)(%?)$/.exec(given.trim())
  return match === null ? undefined : Number(match[1]) / (match[2] === '%' ? 100 : 1)
}

/** A TCP port, 0 or `off`. */
export function port(): Kind<Port> {
  const problem = 'must be a port from 0 to 65535 (0 picks a free one) or off'
  return (given) => {
    const value = parseNumber(given)
    return value === 'off' || isWholeNumber(value, 0, 65_535) ? { value } : { problem }
  }
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): Kind<Word> {
  const problem = `must be one of ${words.join(', ')}`
  return (given) => {
    const value = words.find((word) => word === given)
    return value === undefined ? { problem } : { value }
  }
}

/** Text that is not empty. */
export function text(): Kind<string> {
  return (given) => {
    if (typeof given !== 'string') return { problem: 'must be text' }
    return given === '' ? { problem: 'must not be empty' } : { value: given }
  }
}

/** An address of HTTP or HTTPS. */
export function httpUrl(): Kind<string> {
  const problem = 'must be an address such as https://login.example.com/realms/shop'
  return (given) => (typeof given === 'string' && isHttpUrl(given) ? { value: given } : { problem })
}

/** An address of a scheme. */
export function url(scheme: string, problem: string): Kind<string> {
  const isRight = (given: string): boolean => new RegExp(`^${scheme}(?:ql)?://[^/]`).test(given)
  return (given) => (typeof given === 'string' && isRight(given) ? { value: given } : { problem })
}

/** An address as people may see it: `postgres://pabal:***@db1/pabal`. */
export function withoutPassword(address: unknown): unknown {
  return typeof address === 'string'
    ? address.replace(/^([a-z0-9+]+:\/\/[^:@/]*):[^@/]*@/, '$1:***@')
    : address
}

/** The same as an address of HTTP, or a file. */
export function httpUrlOrFile(): Kind<string> {
  const [isUrl, isText] = [httpUrl(), text()]
  return (given) =>
    typeof given === 'string' && /^https?:/.test(given) ? isUrl(given) : isText(given)
}

function isHttpUrl(given: string): boolean {
  return /^https?:\/\//.test(given) && URL.canParse(given)
}

/** A list of texts in YAML; comma-separated in a flag or variable. */
export function list(): Kind<readonly string[]> {
  const checkItem = text()
  return (given) => {
    const items: unknown =
      typeof given === 'string' ? given.split(',').map((item) => item.trim()) : given
    if (!Array.isArray(items)) return { problem: 'must be a list' }
    const value: string[] = []
    for (const item of items) {
      const checked = checkItem(item)
      if ('problem' in checked) return checked
      value.push(checked.value)
    }
    return { value }
  }
}

/** A list of some of a few words, each once; one at least. */
export function listOf(words: readonly string[]): Kind<readonly string[]> {
  const check = list()
  return (given) => {
    const checked = check(given)
    if ('problem' in checked) return checked
    const { value } = checked
    const isSound = value.length > 0 && new Set(value).size === value.length
    return isSound && value.every((item) => words.includes(item))
      ? checked
      : { problem: `must be a list of ${words.join(', ')}` }
  }
}

/** A list of `NAME=VALUE`; a name may stand more than once. */
export function assignments(): Kind<readonly string[]> {
  const check = list()
  return (given) => {
    const checked = check(given)
    if ('problem' in checked || checked.value.every((item) => /^[^=]+=./s.test(item)))
      return checked
    return { problem: 'must be a list of NAME=VALUE' }
  }
}

/** `16MiB` for 16,777,216: the largest unit that divides it. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return `${bytes}B`
}
