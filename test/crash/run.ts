// npm run crash -- --rounds 200 --seed 42 [--small-files]
// Kills a broker again and again and checks what is left; see crash-run.ts.

import { parseArgs } from 'node:util'
import { systemRandom } from '../../src/lib/random.ts'
import { runCrashRounds } from './crash-run.ts'

const usage = `npm run crash -- [--rounds N] [--seed S] [--small-files]
  --rounds N      how often the broker is killed (20)
  --seed S        chooses what clients do and when the broker is killed (random)
  --small-files   tiny log files, so that they are sealed, cleaned and retired all the time`

function readWholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`--${name} is a whole number: received "${text}"\n${usage}`)
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(systemRandom.below(1_000_000)) },
    'small-files': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(usage)
else {
  const seed = readWholeNumber('seed', values.seed)
  const rounds = readWholeNumber('rounds', values.rounds)
  console.log(`seed ${seed}, ${rounds} rounds`)
  try {
    const hasSmallFiles = values['small-files']
    const summary = await runCrashRounds({ seed, rounds, hasSmallFiles, onRound: console.log })
    console.log(
      `${summary.rounds} crashes: every promise kept ` +
        `(${summary.confirmed} confirmed, ${summary.received} received, ${summary.removed} removed)`,
    )
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
