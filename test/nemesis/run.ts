// npm run nemesis: a real cluster, real clients, and everything that may go wrong. See docs/nemesis.md.
import { parseArgs } from 'node:util'
import { systemRandom } from '../../src/lib/random.ts'
import { bugs } from './bugs.ts'
import { faults } from './faults.ts'
import { runNemesis } from './nemesis-run.ts'
import { measureTakeovers } from './takeovers.ts'

const usage = `npm run nemesis -- [--seconds N] [--seed S] [--only FAULT,…] [--bug BUG] [--bugs] [--takeovers N]
  --seconds N     how long faults go on (120)
  --seed S        chooses faults and their details (random)
  --only FAULT,…  ${Object.keys(faults).join(', ')}
  --bug BUG       plants a mistake, which has to be found: ${Object.keys(bugs).join(', ')}
  --bugs          plants each of them, one run after the other
  --takeovers N   kills the owner N times and says how long publishers waited`

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(systemRandom.below(1_000_000)) },
    only: { type: 'string' },
    bug: { type: 'string' },
    bugs: { type: 'boolean', default: false },
    takeovers: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function run(): Promise<boolean> {
  const [seed, seconds] = [Number(values.seed), Number(values.seconds)]
  if (values.takeovers !== undefined) {
    await measureTakeovers(Number(values.takeovers), say)
    return true
  }
  if (values.bugs || values.bug !== undefined) {
    let areFound = true
    for (const bug of values.bug === undefined ? Object.keys(bugs) : [values.bug]) {
      areFound = (await isFound(bug, seed)) && areFound
    }
    return areFound
  }
  const only = values.only?.split(',')
  const { wrongs, counts, faultCounts } = await runNemesis({ seed, seconds, only, report: say })
  say(describe(counts))
  say(`faults: ${describe(faultCounts)}`)
  say(wrongs.length === 0 ? 'every promise was kept' : `${wrongs.length} wrongs with seed ${seed}`)
  return wrongs.length === 0
}

/** What a mistake breaks depends on the moment: it is looked for with some seeds, one after the other. */
const seedsMax = 3

async function isFound(name: string, firstSeed: number): Promise<boolean> {
  const bug = bugs[name]
  if (bug === undefined) throw new Error(`there is no bug "${name}"\n${usage}`)
  say(`${name}: ${bug.what}`)
  for (let seed = firstSeed; seed < firstSeed + seedsMax; seed++) {
    const asked = { seed, seconds: 20, strikesMin: 4, only: bug.faults, bug: name, report: say }
    const { wrongs } = await runNemesis(asked).catch((error: Error) => ({
      wrongs: [error.message],
    }))
    const found = wrongs.find((wrong) => bug.says.test(wrong))
    if (found !== undefined) {
      say(`found: ${found}`)
      return true
    }
    say(`not found with seed ${seed}: ${wrongs.slice(0, 5).join('; ')}`)
  }
  say(`NOT FOUND: ${name}`)
  return false
}

function describe(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

if (values.help) say(usage)
// Clients may still look for nodes.
else process.exit((await run()) ? 0 : 1)
