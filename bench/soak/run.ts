// Soaks a broker of its own and prints what it used, one scenario after the other:
//   node --expose-gc bench/soak/run.ts [name …] [--scale 0.1] [--durability fsync]
// Ends with 1 when a bound is broken. Data goes to PABAL_SOAK_FOLDER, or the system's folder for
// temporary files; the deep queue needs 3 GB there.
import { parseArgs } from 'node:util'
import { killChildrenAtExit } from '../systems/start-child.ts'
import { soakScenarios } from './scenarios.ts'
import type { SoakScenario } from './soak-scenario.ts'
import { startSoakProcess } from './soak-target.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    durability: { type: 'string', default: 'fsync' },
  },
})
killChildrenAtExit()
const names = positionals.length > 0 ? positionals : Object.keys(soakScenarios)
for (const name of names) {
  const scenario = soakScenarios[name]
  if (scenario === undefined) throw new Error(`there is no scenario '${name}'`)
  await runOne(name, scenario)
}

async function runOne(name: string, scenario: SoakScenario): Promise<void> {
  const started = performance.now()
  console.log(`\n${name}`)
  await using target = await startSoakProcess(values.durability)
  try {
    await scenario({
      target,
      scale: Number(values.scale),
      report: (text) => console.log(`  ${text}`),
    })
    console.log(`  held, ${((performance.now() - started) / 1000).toFixed(0)} s`)
  } catch (error) {
    process.exitCode = 1
    console.log(`  BROKEN: ${(error as Error).message}`)
  }
}
