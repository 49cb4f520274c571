// Hostile clients against a broker with little memory: npm run hostile -- --seed 1 --seconds 120
// --kinds names some of the attacks (test/hostile/*-attacks.ts).
import { parseArgs } from 'node:util'
import { runHostile } from './hostile-run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    seconds: { type: 'string', default: '120' },
    heap: { type: 'string', default: '128' },
    watermark: { type: 'string', default: '300' },
    kinds: { type: 'string', default: '' },
  },
})

process.stdout.write(`seed ${values.seed}\n`)
const result = await runHostile({
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  heapMegabytes: Number(values.heap),
  watermarkMegabytes: Number(values.watermark),
  ...(values.kinds !== '' && { kinds: values.kinds.split(',') }),
  report: (line) => process.stdout.write(`${line}\n`),
})
process.stdout.write(
  `memory: ${result.restMegabytes} MB at rest, ${result.peakMegabytes} at most, ${result.afterMegabytes} after\n`,
)
for (const { kind, count, slowestMs } of result.rounds) {
  process.stdout.write(`${kind}: ${count} rounds, the slowest took ${slowestMs.toFixed(0)} ms\n`)
}
process.exit(0)
