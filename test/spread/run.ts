// npm run check:spread -- --seeds 1000 [--from 1]
// Messages to and from partitions that other cells lead, while cells crash: see simulate-spread.ts.
import { parseArgs } from 'node:util'
import { simulateSpread } from './simulate-spread.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
  },
})
const [seeds, from] = [Number(values.seeds), Number(values.from)]
let failed = 0
const totals = { confirmed: 0, produced: 0, streamed: 0, taken: 0, stops: 0 }
for (let seed = from; seed < from + seeds; seed++) {
  const { faults, ...counts } = await simulateSpread(seed)
  for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += counts[name]
  if (faults.length === 0) continue
  failed++
  process.stderr.write(`seed ${seed}:\n  ${faults.join('\n  ')}\n`)
}
process.stdout.write(`${seeds} seeds from ${from}, ${failed} failed: ${JSON.stringify(totals)}\n`)
if (failed > 0) process.exitCode = 1
