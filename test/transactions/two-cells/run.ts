// npm run check:cells -- --seeds 1000 [--from 1] [--transactions 12]
// Transactions over two cells that crash: see simulate.ts.
import { parseArgs } from 'node:util'
import { simulate } from './simulate.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    transactions: { type: 'string', default: '12' },
    planted: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const [seeds, from, transactions] = [values.seeds, values.from, values.transactions].map(
  Number,
) as [number, number, number]
let failed = 0
const totals = { committed: 0, aborted: 0, unknown: 0, stops: 0, records: 0, results: 0 }
for (let seed = from; seed < from + seeds; seed++) {
  const result = await simulate({ seed, transactions, planted: values.planted as undefined })
  for (const name of ['committed', 'aborted', 'unknown', 'stops', 'records', 'results'] as const)
    totals[name] += result[name]
  if (values.verbose) process.stdout.write(`${JSON.stringify(result)}\n`)
  if (result.faults.length === 0) continue
  failed++
  process.stderr.write(`seed ${seed}:\n  ${result.faults.join('\n  ')}\n`)
}
process.stdout.write(`${seeds} seeds from ${from}, ${failed} failed: ${JSON.stringify(totals)}\n`)
if (failed > 0) process.exitCode = 1
