// The arguments of rabbitmqctl: options may stand anywhere, those that mean nothing here are ignored.

export interface ShimArguments {
  readonly command: string
  readonly operands: readonly string[]
  readonly vhost: string
  /** No banner before a table. */
  readonly isQuiet: boolean
  /** Neither banner nor heads of columns. */
  readonly isSilent: boolean
  readonly hasHeaders: boolean
  readonly isJson: boolean
  readonly priority: number
  readonly applyTo: string
}

/** Options with a value; of the nodes that are named there is only one. */
const valued = new Set([
  '-p',
  '--vhost',
  '-n',
  '--node',
  '-t',
  '--timeout',
  '--formatter',
  '--priority',
  '--apply-to',
])

/** Reads what stands behind the name of the program. */
export function readShimArguments(argv: readonly string[]): ShimArguments {
  const words: string[] = []
  const values = new Map<string, string>()
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string
    const [name = '', ...rest] = word.split('=')
    if (!/^-./.test(word)) words.push(word)
    else if (!valued.has(name)) values.set(name, '')
    else values.set(name, rest.length > 0 ? rest.join('=') : (argv[++index] ?? ''))
  }
  const [command = 'help', ...operands] = words
  const has = (...names: string[]): boolean => names.some((name) => values.has(name))
  const valueOf = (...names: string[]): string | undefined =>
    names.map((name) => values.get(name)).find((value) => value !== undefined)
  return {
    command,
    operands,
    vhost: valueOf('-p', '--vhost') ?? '/',
    isQuiet: has('-q', '--quiet'),
    isSilent: has('-s', '--silent'),
    hasHeaders: !has('--no-table-headers'),
    isJson: valueOf('--formatter') === 'json',
    priority: Number(valueOf('--priority') ?? 0),
    applyTo: valueOf('--apply-to') ?? 'all',
  }
}
