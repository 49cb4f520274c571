import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Scenario } from './scenario.ts'
import { defaultScenarioNames, scenarios } from './scenarios.ts'

export type Arguments = {
  readonly scenarios: readonly Scenario[]
  readonly systems: readonly string[]
  readonly runs: number
  readonly seconds: number
  readonly warmup: number
  readonly durability: string
  readonly syncDelaysMs: readonly number[]
  readonly folder: string
  readonly resultFile: string | undefined
}

export const usage: string = `npm run bench -- [scenario …] [options]
  --systems pabal,rabbitmq   in the order they take turns; ratios are to the last
  --runs 3                   runs of each system, in turns
  --seconds 5                measured window of a run
  --warmup 2                 load before the window, s
  --durability fsync         passed on to Pabal
  --sync-delay-ms 1,5        also measure Pabal with so much added to every fdatasync
  --folder DIR               where the brokers keep their data (bench/build/work)
  --out FILE                 result file (bench/results/<time>-<first scenario>.json)
  --no-save                  write no result file
scenarios:
${scenarios.map((scenario) => `  ${scenario.name.padEnd(24)} ${scenario.description}`).join('\n')}
without a name: ${defaultScenarioNames.join(' ')}`

/** Reads the command line; throws an Error with a one-line text when it is wrong. */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    allowNegative: true,
    options: {
      systems: { type: 'string', default: 'pabal,rabbitmq' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      warmup: { type: 'string', default: '2' },
      durability: { type: 'string', default: 'fsync' },
      'sync-delay-ms': { type: 'string', default: '' },
      folder: { type: 'string', default: join(import.meta.dirname, 'build', 'work') },
      out: { type: 'string' },
      save: { type: 'boolean', default: true },
    },
  })
  const named = positionals.length > 0 ? positionals : defaultScenarioNames
  return {
    scenarios: named.map(findScenario),
    systems: list(values.systems),
    runs: number('--runs', values.runs),
    seconds: number('--seconds', values.seconds),
    warmup: number('--warmup', values.warmup),
    durability: values.durability,
    syncDelaysMs: list(values['sync-delay-ms']).map((text) => number('--sync-delay-ms', text)),
    folder: values.folder,
    resultFile: values.save ? (values.out ?? defaultResultFile(named[0] ?? '')) : undefined,
  }
}

function findScenario(name: string): Scenario {
  const scenario = scenarios.find((candidate) => candidate.name === name)
  if (scenario === undefined) throw new Error(`there is no scenario '${name}'\n\n${usage}`)
  return scenario
}

function defaultResultFile(name: string): string {
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '')
  return join(import.meta.dirname, 'results', `${time}-${name}.json`)
}

function list(text: string): string[] {
  return text.split(',').filter((item) => item !== '')
}

function number(option: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${option} needs a number above 0, not '${text}'`)
  return value
}
