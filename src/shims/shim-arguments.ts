// The arguments of RabbitMQ's commands: options may stand anywhere. Which there are depends on the command.
import { exitCodes } from '../lib/exit-codes.ts'
import { ShimError } from './shim-error.ts'

/** Whose place is taken. */
export type ShimProgram = 'rabbitmqctl' | 'rabbitmq-diagnostics' | 'rabbitmq-plugins'

const formats = ['table', 'pretty_table', 'csv', 'json'] as const
export type ShimFormat = (typeof formats)[number]

export interface ShimArguments {
  readonly command: string
  readonly operands: readonly string[]
  readonly vhost: string
  /** No banner before a table. */
  readonly isQuiet: boolean
  /** Neither banner nor heads of columns. */
  readonly isSilent: boolean
  readonly hasHeaders: boolean
  readonly format: ShimFormat
  /** By name, the command's own among them; empty for those without a value. */
  readonly options: ReadonlyMap<string, string>
}

const shortNames: Readonly<Record<string, string>> = {
  '-p': '--vhost',
  '-n': '--node',
  '-q': '--quiet',
  '-s': '--silent',
  '-t': '--timeout',
  '-l': '--longnames',
  '-P': '--pid',
  '-E': '--enabled',
  '-e': '--implicitly-enabled',
  '-m': '--minimal',
  '-v': '--verbose',
}

/** Options with a value. */
const valued: ReadonlySet<string> = new Set([
  '--vhost',
  '--node',
  '--timeout',
  '--formatter',
  '--erlang-cookie',
  '--priority',
  '--apply-to',
  '--unit',
  '--within',
  '--pid',
  '--user',
  '--description',
  '--tags',
  '--default-queue-type',
  '--per-connection-delay',
  '--limit',
  '--reason',
])

/** Those that every command takes. Of the nodes that are named there is only one: this one. */
const general: ReadonlySet<string> = new Set([
  '--vhost',
  '--node',
  '--timeout',
  '--formatter',
  '--erlang-cookie',
  '--quiet',
  '--silent',
  '--longnames',
  '--no-table-headers',
  '--table-headers',
])

/** Reads what stands behind the name of the program. Throws a `ShimError` for what lacks its value. */
export function readShimArguments(argv: readonly string[]): ShimArguments {
  const words: string[] = []
  const options = new Map<string, string>()
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string
    if (!/^-./.test(word)) {
      words.push(word)
      continue
    }
    const [given = '', ...rest] = word.split('=')
    const name = shortNames[given] ?? given
    const value = rest.length > 0 ? rest.join('=') : valued.has(name) ? argv[++index] : ''
    if (value === undefined) throw new ShimError(exitCodes.usage, `${given} needs a value`)
    options.set(name, value)
  }
  const [command = 'help', ...operands] = words
  return {
    command,
    operands,
    vhost: options.get('--vhost') ?? '/',
    isQuiet: options.has('--quiet'),
    isSilent: options.has('--silent'),
    hasHeaders: !options.has('--no-table-headers'),
    format: readFormat(options.get('--formatter') ?? 'table'),
    options,
  }
}

/** The options that a command with these ones does not take. */
export function unknownOptions(
  { options }: ShimArguments,
  own: readonly string[],
): readonly string[] {
  return [...options.keys()].filter((name) => !general.has(name) && !own.includes(name))
}

function readFormat(text: string): ShimFormat {
  const format = formats.find((known) => known === text)
  if (format !== undefined) return format
  const known = `${formats.slice(0, -1).join(', ')} and ${formats.at(-1)}`
  throw new ShimError(exitCodes.usage, `Formatter ${text} is not supported: there are ${known}`)
}
