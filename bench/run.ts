/**
 * `npm run bench`: starts each system in turn on this machine, drives it with the same program, stops
 * it, and prints their figures side by side.
 */
import { existsSync, rmSync } from 'node:fs'
import { type Arguments, parseArguments, usage } from './arguments.ts'
import { isInMemory } from './disk-probe.ts'
import { describeMachine } from './machine.ts'
import { profileNodeChildren } from './profile/profiles.ts'
import { formatTable } from './report/format-table.ts'
import { type ScenarioResult, writeResultFile } from './report/result-file.ts'
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
  onResults: (results: readonly ScenarioResult[]) => void,
): Promise<void> {
  const results: ScenarioResult[] = []
  for (const scenario of args.scenarios) {
    const able = systems.filter((system) => speaksAll(system, scenario))
    if (able.length === 0) continue
    try {
      const result = await runScenario(scenario, able, args)
      printResult(result)
      results.push(result)
      onResults(results)
    } catch (error) {
      // The others can still tell something.
      printError(`${scenario.name} failed`, error)
    }
  }
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('--list')) return console.log(usage)
  const args = parseArguments(argv)
  const { workFolder, runs, seconds, warmup, maxStolen, resultFile } = args
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
  const about = {
    startedAt: new Date().toISOString(),
    machine: describeMachine(),
    settings: { runs, seconds, warmup, maxStolen },
    systems: systems.map((system) => ({
      name: system.name,
      version: system.version(),
      settings: system.settings,
    })),
  }
  // After each scenario: a long run that breaks off leaves what it had.
  await runAll(args, systems, (scenarios) => {
    if (resultFile !== undefined) writeResultFile(resultFile, { ...about, scenarios })
  })
  if (resultFile === undefined || !existsSync(resultFile)) return
  console.log(`\nwritten to ${resultFile}; npm run generate renews docs/performance.md`)
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
