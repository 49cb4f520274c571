import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ProfileSettings } from './profile/profiles.ts'
import { allScenarios, defaultScenarioNames } from './scenarios/all-scenarios.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { systemNames } from './systems/all-systems.ts'

/** Runs of one system in one round, those with too much stolen included. */
export const ATTEMPTS = 5

export type Arguments = {
  readonly scenarios: readonly Scenario[]
  readonly systems: readonly string[]
  readonly runs: number
  readonly seconds: number
  readonly warmup: number
  /** Share of the machine's CPU time, in %, above which a run is repeated. */
  readonly maxStolen: number | undefined
  /** What the start-up scenarios put in, 10⁹ bytes. */
  readonly gigabytes: number
  /** This process's own, so that two benchmarks never share data. */
  readonly workFolder: string
  readonly resultFile: string | undefined
  /** Undefined when nothing is to be profiled. */
  readonly profile: ProfileSettings | undefined
}

export const usage: string = `npm run bench -- [scenario or area …] [options]
  --systems pabal,rabbitmq,kafka   in the order they take turns; ratios are of the first to the others
                             ${systemNames}
  --runs 3                   runs of each system, in turns
  --seconds 5                measured window of a run
  --warmup 2                 load before the window, s
  --max-stolen 3             repeat a run while the hypervisor gives more % of the CPUs to others,
                             ${ATTEMPTS} runs at most; load programs and stalls
  --gigabytes 5              what the start-up scenarios put in
  --folder DIR               where the brokers keep their data (bench/build/work)
  --out FILE                 result file (bench/results/<time>-<first scenario>.json)
  --no-save                  write no result file
  --profile DIR              write CPU profiles of Pabal there and print its top functions
  --allocations              with --profile: also what allocates; slows Pabal down
areas (all their scenarios): ${areas().join(' ')}
scenarios:
${allScenarios.map((scenario) => `  ${scenario.name.padEnd(24)} ${scenario.description}`).join('\n')}
without a name: ${defaultScenarioNames.join(' ')}`

/** Reads the command line; throws an Error with a one-line text when it is wrong. */
export function parseArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    allowNegative: true,
    options: {
      systems: { type: 'string', default: 'pabal,rabbitmq,kafka' },
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '5' },
      warmup: { type: 'string', default: '2' },
      'max-stolen': { type: 'string' },
      gigabytes: { type: 'string', default: '5' },
      folder: { type: 'string', default: join(import.meta.dirname, 'build', 'work') },
      out: { type: 'string' },
      save: { type: 'boolean', default: true },
      profile: { type: 'string' },
      allocations: { type: 'boolean', default: false },
    },
  })
  const named = positionals.length > 0 ? positionals : defaultScenarioNames
  return {
    scenarios: named.flatMap(findScenarios),
    systems: list(values.systems),
    runs: number('--runs', values.runs),
    seconds: number('--seconds', values.seconds),
    warmup: number('--warmup', values.warmup),
    maxStolen:
      values['max-stolen'] === undefined ? undefined : number('--max-stolen', values['max-stolen']),
    gigabytes: number('--gigabytes', values.gigabytes),
    workFolder: join(values.folder, String(process.pid)),
    resultFile: values.save ? (values.out ?? defaultResultFile(named[0] ?? '')) : undefined,
    profile:
      values.profile === undefined
        ? undefined
        : { folder: values.profile, withAllocations: values.allocations },
  }
}

/** The scenario of that name, or all of an area. */
function findScenarios(name: string): Scenario[] {
  const found = allScenarios.filter((scenario) => scenario.name === name || scenario.area === name)
  if (found.length === 0) throw new Error(`there is no scenario '${name}'\n\n${usage}`)
  return found
}

function areas(): string[] {
  return [...new Set(allScenarios.map(({ area }) => area))]
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
