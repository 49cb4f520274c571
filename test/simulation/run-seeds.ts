// npm run simulate: runs simulations from seeds until one finds that a promise is broken.
//
//   npm run simulate -- --seeds 1000               seeds 1 … 1000
//   npm run simulate -- --seeds 1000 --from 5000   seeds 5000 … 5999
//   npm run simulate -- --seed 17                  one seed
//   npm run simulate -- --seed 17 --trace          the same, with everything that happens
//   npm run simulate -- --seeds 1000 --keep-going  all of them, a line for each that finds something
//   npm run simulate -- --seeds 1000 --only ledger transactions and a compacted topic alone, in each seed
import { parseArgs } from 'node:util'
import '../../src/testing/poison-pages.ts'
import { onlyLedger } from './ledger/only-ledger.ts'
import { simulate, type SimulationResult } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    only: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
  },
})

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function report({ seed, violation, recent }: SimulationResult): void {
  say(`\nSeed ${seed} has found this:\n\n${violation?.message}\n`)
  if (!values.trace) say(`What happened last:\n${recent.join('\n')}\n`)
  say(
    `To see all of it: npm run simulate -- --seed ${seed}${values.only === undefined ? '' : ` --only ${values.only}`} --trace`,
  )
}

const first = Number(values.seed ?? values.from)
const last = first + (values.seed === undefined ? Number(values.seeds) : 1) - 1
const startedAt = performance.now()
const total = { seeds: 0, steps: 0, turns: 0, events: 0, failures: 0 }
for (let seed = first; seed <= last; seed++) {
  const only = values.only === 'ledger' && { adapt: onlyLedger }
  const result = await simulate({ seed, ...only, ...(values.trace && { write: say }) })
  total.seeds++
  total.steps += result.stepCount
  total.turns += result.turnCount
  total.events += result.eventCount
  if (result.violation === undefined) continue
  total.failures++
  if (values['keep-going']) say(`${seed}: ${result.violation.message.split('\n')[0]}`)
  else {
    report(result)
    break
  }
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
say(
  `${total.seeds} seeds in ${seconds} s: ${total.steps} steps of clients, ${total.turns} turns, ` +
    `${total.events} events, ${total.failures} of the seeds found something`,
)
process.exitCode = total.failures > 0 ? 1 : 0
