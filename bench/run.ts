/**
 * `npm run bench`: starts each system in turn on this machine, drives it with the same program, stops
 * it, and prints their figures side by side. Every run has a fresh broker on an empty folder, and
 * systems take turns (A B A B …), so that what the machine does meanwhile hits all of them alike.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Arguments, parseArguments, usage } from './arguments.ts'
import type { BrokerSystem } from './broker-system.ts'
import { isInMemory, probeDisk } from './disk-probe.ts'
import { formatTable } from './format-table.ts'
import { buildLoadProgram } from './load-program.ts'
import { describeMachine } from './machine.ts'
import { pabalSystem } from './pabal-system.ts'
import { rabbitmqSystem } from './rabbitmq-system.ts'
import type { Measurement, Scenario } from './scenario.ts'
import { killChildrenAtExit } from './start-child.ts'
import { quantile, summarize, type Summary } from './summary.ts'

type Run = Measurement & { readonly system: string; readonly round: number }

type ScenarioResult = {
  readonly scenario: string
  readonly description: string
  readonly summaries: Readonly<Record<string, Summary>>
  readonly runs: readonly Run[]
}

type DiskTimes = { readonly writes: number } & Readonly<Record<'p50_us' | 'p99_us', number>>

function buildSystems(args: Arguments): BrokerSystem[] {
  const { durability } = args
  return args.systems.flatMap((name) => {
    if (name === 'pabal') {
      return [0, ...args.syncDelaysMs].map((syncDelayMs) =>
        pabalSystem({ durability, syncDelayMs }),
      )
    }
    if (name === 'rabbitmq') return [rabbitmqSystem()]
    throw new Error(`there is no system '${name}': use pabal, rabbitmq`)
  })
}

/** This process's own part of the folder, so that two benchmarks never share data. */
function workFolder(args: Arguments): string {
  return join(args.folder, String(process.pid))
}

async function runOnce(
  system: BrokerSystem,
  scenario: Scenario,
  args: Arguments,
): Promise<Measurement> {
  const folder = join(workFolder(args), system.name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  let broker = await system.start(folder)
  const { seconds, warmup } = args
  try {
    return await scenario.run({
      broker,
      seconds,
      warmup,
      async restart(signal) {
        await broker.stop(signal)
        const startedAt = performance.now()
        broker = await system.start(folder)
        return { broker, startedAt }
      },
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${system.name}: ${reason}\n${broker.logTail()}`, { cause: error })
  } finally {
    await broker.stop('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runScenario(
  scenario: Scenario,
  systems: readonly BrokerSystem[],
  args: Arguments,
): Promise<{ result: ScenarioResult; diskTimes: number[] }> {
  const runs: Run[] = []
  const diskTimes: number[] = []
  for (let round = 1; round <= args.runs; round++) {
    diskTimes.push(...probeDisk(workFolder(args)))
    for (const system of systems) {
      process.stderr.write(`${scenario.name}: run ${round} of ${args.runs}, ${system.name}\n`)
      runs.push({ system: system.name, round, ...(await runOnce(system, scenario, args)) })
    }
  }
  const summaries: Record<string, Summary> = {}
  for (const { name } of systems) {
    const figures = runs.filter((run) => run.system === name).map((run) => run.figures)
    summaries[name] = summarize(figures)
  }
  const { name, description } = scenario
  return { result: { scenario: name, description, summaries, runs }, diskTimes }
}

function diskTimes(times: readonly number[]): DiskTimes {
  const sorted = times.toSorted((a, b) => a - b)
  return { writes: times.length, p50_us: quantile(sorted, 0.5), p99_us: quantile(sorted, 0.99) }
}

function printResult(result: ScenarioResult, disk: DiskTimes): void {
  console.log(`\n${result.scenario}: ${result.description}`)
  console.log(formatTable(new Map(Object.entries(result.summaries))))
  const [p50, p99] = [disk.p50_us, disk.p99_us].map((time) => time.toFixed(0))
  console.log(`the disk's own 64 KiB write + fdatasync meanwhile: p50 ${p50} µs, p99 ${p99} µs`)
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('--list')) return console.log(usage)
  const args = parseArguments(argv)
  const systems = buildSystems(args)
  buildLoadProgram()
  killChildrenAtExit()
  process.once('exit', () => rmSync(workFolder(args), { recursive: true, force: true }))
  if (isInMemory(workFolder(args))) {
    console.error(`${args.folder} is in memory: durable figures mean nothing there, use --folder`)
  }
  const startedAt = new Date().toISOString()
  const scenarios: (ScenarioResult & { disk: DiskTimes })[] = []
  for (const scenario of args.scenarios) {
    try {
      const { result, diskTimes: times } = await runScenario(scenario, systems, args)
      const disk = diskTimes(times)
      printResult(result, disk)
      scenarios.push({ ...result, disk })
    } catch (error) {
      // The others can still tell something.
      printError(`${scenario.name} failed`, error)
    }
  }
  const allRuns = scenarios.flatMap((result) => result.runs)
  const named = systems.map(({ name, settings }) => {
    const reports = allRuns.find((run) => run.system === name)?.reports ?? {}
    return { name, settings, server: Object.values(reports)[0]?.server }
  })
  save(args, { startedAt, systems: named, scenarios })
}

function save(args: Arguments, results: object): void {
  if (args.resultFile === undefined) return
  const { runs, seconds, warmup, resultFile } = args
  const content = { machine: describeMachine(), settings: { runs, seconds, warmup }, ...results }
  mkdirSync(dirname(resultFile), { recursive: true })
  writeFileSync(resultFile, `${JSON.stringify(content, null, 2)}\n`)
  console.log(`\nwritten to ${resultFile}`)
}

function printError(what: string, error: unknown): void {
  console.error(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  printError('bench', error)
}
