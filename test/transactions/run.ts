// npm run check:transactions -- --seeds 1000 [--from 1] [--kills 3] [--transactions 12]
// Checks that transactions are whole, whatever happens: see check-seed.ts.
import { parseArgs } from 'node:util'
import { TestBroker } from '../support/start-test-broker.ts'
import { checkSeed } from './check-seed.ts'

const usage = `npm run check:transactions -- [--seeds N] [--from S] [--kills K] [--transactions T]
  --seeds N         how many runs (20); each has its own topics, in one data folder
  --from S          the first seed (1)
  --kills K         how often the broker is killed in each run (3)
  --verbose         say what each has seen
  --transactions T  of each of four writers in each run (12)`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    kills: { type: 'string', default: '3' },
    transactions: { type: 'string', default: '12' },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) process.stdout.write(`${usage}\n`)
else {
  const [seeds, from, kills, transactions] = [
    values.seeds,
    values.from,
    values.kills,
    values.transactions,
  ].map(Number) as [number, number, number, number]
  await using broker = await TestBroker.start(['--kafka-port', '0'])
  const totals = { committed: 0, aborted: 0, unknown: 0, copied: 0 }
  let failed = 0
  for (let seed = from; seed < from + seeds; seed++) {
    const checked = await checkSeed({ seed, broker, kills, transactions })
    for (const name of ['committed', 'aborted', 'unknown', 'copied'] as const) {
      totals[name] += checked[name]
    }
    if (values.verbose) console.log(`seed ${seed}: ${JSON.stringify(checked)}`)
    if (checked.faults.length === 0) continue
    failed++
    process.stderr.write(`seed ${seed}:\n  ${checked.faults.join('\n  ')}\n`)
  }
  process.stdout.write(`${seeds} seeds from ${from}, ${failed} failed: ${JSON.stringify(totals)}\n`)
  if (failed > 0) process.exitCode = 1
}
