import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Arguments, ATTEMPTS } from './arguments.ts'
import { probeDisk } from './disk-probe.ts'
import { takeProfiles } from './profile/profiles.ts'
import type { DiskTimes, Run, ScenarioResult } from './report/result-file.ts'
import { quantile, summarize, type Summary } from './report/summary.ts'
import type { Measurement, Scenario } from './scenarios/scenario.ts'
import type { BrokerSystem } from './systems/broker-system.ts'

/**
 * Runs one scenario on each system in turn, A B A B …, so that what the machine does meanwhile hits
 * all of them alike. Throws when a broker refused or misordered something.
 */
export async function runScenario(
  scenario: Scenario,
  systems: readonly BrokerSystem[],
  args: Arguments,
): Promise<ScenarioResult> {
  const runs: Run[] = []
  const disturbed: Run[] = []
  const syncTimes: number[] = []
  for (let round = 1; round <= args.runs; round++) {
    syncTimes.push(...probeDisk(args.workFolder))
    for (const system of systems) {
      process.stderr.write(`${scenario.name}: run ${round} of ${args.runs}, ${system.name}\n`)
      const run = { name: `${scenario.name}.${system.name}.${round}`, system, scenario }
      const [counts, ...others] = await runUndisturbed(run, args)
      runs.push({ system: system.name, round, ...counts })
      disturbed.push(...others.map((other) => ({ system: system.name, round, ...other })))
    }
  }
  const summaries: Record<string, Summary> = {}
  for (const { name } of systems) {
    summaries[name] = summarize(
      runs.filter((run) => run.system === name).map(({ figures }) => figures),
    )
  }
  const { name, area, description } = scenario
  const clients = [...new Set(runs.flatMap(({ client }) => client ?? []))]
  const command = commandOf(scenario, systems, args)
  const disk = diskTimes(syncTimes)
  return { scenario: name, area, description, command, clients, disk, summaries, runs, disturbed }
}

type OneRun = {
  readonly name: string
  readonly system: BrokerSystem
  readonly scenario: Scenario
}

/** The run that counts, then those before it in which the hypervisor gave too much to others. */
async function runUndisturbed(
  run: OneRun,
  args: Arguments,
): Promise<[Measurement, ...Measurement[]]> {
  const { maxStolen = Infinity } = args
  const disturbed: Measurement[] = []
  for (;;) {
    const measurement = await runOnce(run, args)
    const { stolen = 0 } = measurement.figures
    if (stolen <= maxStolen || disturbed.length === ATTEMPTS - 1) return [measurement, ...disturbed]
    process.stderr.write(`${stolen.toFixed(1)} % of the CPU time was stolen: once more\n`)
    disturbed.push(measurement)
  }
}

/** One run: a fresh broker on an empty folder, stopped and deleted afterwards. */
async function runOnce(
  { name, system, scenario }: OneRun,
  { workFolder, seconds, warmup, gigabytes, profile }: Arguments,
): Promise<Measurement> {
  const folder = join(workFolder, system.name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  let broker = await system.start(folder)
  let measurement: Measurement | undefined
  try {
    measurement = await scenario.run({
      broker,
      seconds,
      warmup,
      gigabytes,
      folder,
      async restart(signal) {
        await broker.stop(signal)
        const startedAt = performance.now()
        broker = await system.start(folder)
        return { broker, startedAt }
      },
    })
    return measurement
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${system.name}: ${reason}\n${broker.logTail()}`, { cause: error })
  } finally {
    await broker.stop('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
    if (profile !== undefined) console.log(takeProfiles(profile, name, measurement?.reports))
  }
}

function commandOf(
  { name, area }: Scenario,
  systems: readonly BrokerSystem[],
  { runs, seconds, warmup, maxStolen, gigabytes }: Arguments,
): string {
  const named = systems.map((system) => system.name).join(',')
  const calm = maxStolen === undefined ? '' : ` --max-stolen ${maxStolen}`
  const size = area === 'start-up' ? ` --gigabytes ${gigabytes}` : ''
  return `npm run bench -- ${name} --systems ${named} --runs ${runs} --seconds ${seconds} --warmup ${warmup}${calm}${size}`
}

function diskTimes(times: readonly number[]): DiskTimes {
  const sorted = times.toSorted((a, b) => a - b)
  return { writes: times.length, p50_us: quantile(sorted, 0.5), p99_us: quantile(sorted, 0.99) }
}
