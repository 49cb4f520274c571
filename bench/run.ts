/**
 * `npm run bench`: starts each system in turn on this machine, drives it with the same program, stops
 * it, and prints their figures side by side.
 */
import { rmSync } from 'node:fs'
import { type Arguments, parseArguments, usage } from './arguments.ts'
import { isInMemory } from './disk-probe.ts'
import { describeMachine } from './machine.ts'
import { profileNodeChildren } from './profile/profiles.ts'
import { formatTable } from './report/format-table.ts'
import { type ScenarioResult, type SystemResult, writeResultFile } from './report/result-file.ts'
import { runScenario } from './run-scenario.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { findSystem } from './systems/all-systems.ts'
import type { BrokerSystem } from './systems/broker-system.ts'
import { killChildrenAtExit } from './systems/start-child.ts'

function speaksAll(system: BrokerSystem, { protocols }: Scenario): boolean {
  return protocols.every((protocol) => system.protocols.includes(protocol))
}

function printResult({ scenario, description, summaries, disk }: ScenarioResult): void {
  console.log(`\n${scenario}: ${description}`)
  console.log(formatTable(new Map(Object.entries(summaries))))
  const [p50, p99] = [disk.p50_us, disk.p99_us].map((time) => time.toFixed(0))
  console.log(`the disk's own 64 KiB write + fdatasync meanwhile: p50 ${p50} µs, p99 ${p99} µs`)
}

async function runAll(
  args: Arguments,
  systems: readonly BrokerSystem[],
): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = []
  for (const scenario of args.scenarios) {
    const able = systems.filter((system) => speaksAll(system, scenario))
    if (able.length === 0) continue
    try {
      const result = await runScenario(scenario, able, args)
      printResult(result)
      results.push(result)
    } catch (error) {
      // The others can still tell something.
      printError(`${scenario.name} failed`, error)
    }
  }
  return results
}

function describeSystem(
  { name, settings }: BrokerSystem,
  results: readonly ScenarioResult[],
): SystemResult {
  const runs = results.flatMap((result) => result.runs)
  const server = runs.find((run) => run.system === name && run.server !== undefined)?.server
  return { name, settings, ...(server === undefined ? {} : { server }) }
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('--list')) return console.log(usage)
  const args = parseArguments(argv)
  const { workFolder, runs, seconds, warmup, resultFile } = args
  const systems = args.systems
    .map(findSystem)
    .filter((system) => args.scenarios.some((scenario) => speaksAll(system, scenario)))
  for (const system of systems) system.prepare()
  if (args.profile !== undefined) profileNodeChildren(args.profile)
  killChildrenAtExit()
  process.once('exit', () => rmSync(workFolder, { recursive: true, force: true }))
  if (isInMemory(workFolder)) {
    console.error(`${workFolder} is in memory: durable figures mean nothing there, use --folder`)
  }
  const startedAt = new Date().toISOString()
  const scenarios = await runAll(args, systems)
  if (resultFile === undefined || scenarios.length === 0) return
  writeResultFile(resultFile, {
    startedAt,
    machine: describeMachine(),
    settings: { runs, seconds, warmup },
    systems: systems.map((system) => describeSystem(system, scenarios)),
    scenarios,
  })
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
