import { execFile, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Percentiles in µs, as `load/histogram.c` prints them; null when nothing was recorded. */
export type Percentiles = {
  readonly count: number
  readonly p50_us: number
  readonly p99_us: number
  readonly p999_us: number
  readonly max_us: number
}

/** What one run of the load program printed. Rates and CPU are of the measured window alone. */
export type LoadReport = {
  /** How the load program was called. */
  readonly arguments: readonly string[]
  readonly server: { readonly product: string; readonly version: string }
  readonly seconds: number
  readonly published: number
  readonly delivered: number
  readonly publish_rate: number
  readonly deliver_rate: number
  readonly settle_seconds: number
  readonly client_cpu_seconds: number
  readonly client_cpu_share: number
  readonly broker_cpu_seconds: number
  readonly confirm_latency: Percentiles | null
  readonly delivery_latency: Percentiles | null
  /** From the first message to the last, warm-up included. */
  readonly total: Readonly<
    Record<'sent' | 'confirmed' | 'nacked' | 'delivered' | 'out_of_order' | 'blocked', number>
  >
}

const SOURCES: string = join(import.meta.dirname, 'load')
const BUILD: string = join(import.meta.dirname, 'build')
const PROGRAM: string = join(BUILD, 'load')
const FLAGS: readonly string[] = ['-std=gnu11', '-O2', '-Wall', '-Wextra']

/** Compiles the load program if a source is newer than it. */
export function buildLoadProgram(): void {
  const sources = globSync(join(SOURCES, '*.[ch]'))
  const builtAt = existsSync(PROGRAM) ? statSync(PROGRAM).mtimeMs : 0
  if (sources.every((source) => statSync(source).mtimeMs < builtAt)) return
  mkdirSync(BUILD, { recursive: true })
  const files = sources.filter((source) => source.endsWith('.c'))
  const built = spawnSync('cc', [...FLAGS, '-o', PROGRAM, ...files, '-lrabbitmq'], {
    encoding: 'utf8',
  })
  if (built.error === undefined && built.status === 0) return
  const isMissing = built.error !== undefined || /amqp\w*\.h|-lrabbitmq/.test(built.stderr)
  if (isMissing) {
    throw new Error(
      'the load program needs a C compiler and librabbitmq.' +
        ' On Debian: apt-get install gcc libc6-dev librabbitmq-dev',
    )
  }
  throw new Error(`the load program does not compile:\n${built.stderr}`)
}

/** The load program's options by name, without the dashes. */
export type LoadOptions = Readonly<Record<string, string | number>>

/** Runs the load program and returns what it printed. */
export async function runLoad(
  mode: 'publish' | 'consume' | 'both',
  options: LoadOptions,
): Promise<LoadReport> {
  const args = programArguments(mode, options)
  const report = { arguments: args, ...((await runProgram(args)) as Omit<LoadReport, 'arguments'>) }
  // With one publisher and one consumer both mean that the broker did wrong, however fast.
  const { nacked, out_of_order: misordered } = report.total
  if (nacked > 0 || misordered > 0) {
    throw new Error(`load ${mode}: ${nacked} messages refused, ${misordered} out of order`)
  }
  return report
}

/** How many messages wait in the queue of the load program. */
export async function queryDepth(port: number): Promise<number> {
  const answer = (await runProgram(programArguments('depth', { port }))) as { waiting: number }
  return answer.waiting
}

function programArguments(mode: string, options: LoadOptions): string[] {
  const pairs = Object.entries(options)
  return [mode, ...pairs.flatMap(([name, value]) => [`--${name}`, String(value)])]
}

async function runProgram(args: readonly string[]): Promise<unknown> {
  try {
    const { stdout } = await promisify(execFile)(PROGRAM, args)
    return JSON.parse(stdout)
  } catch (error) {
    const { stderr } = error as { stderr?: string }
    throw new Error(`load ${args.join(' ')}: ${stderr?.trim() || String(error)}`, { cause: error })
  }
}
