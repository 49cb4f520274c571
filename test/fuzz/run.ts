// Fuzzes AMQP connections: node test/fuzz/run.ts --seed 1 --connections 1000
// One seed is repeated with --connections 1; the chaos engine commits late and out of order.

import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/lib/random.ts'
import { runFuzz } from './fuzz-run.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    connections: { type: 'string', default: '1000' },
    chaos: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const connections = Number(values.connections)
process.stdout.write(`seed ${seed}, ${connections} connections\n`)
const started = performance.now()
const ends = await runFuzz({
  seed,
  connections,
  ...(values.chaos && { chaos: { random: seededRandom(seed), delayMsMax: 10, refuseRate: 0 } }),
  onConnection: (each, end) => {
    if (values.verbose) process.stdout.write(`${each}: ${end}\n`)
  },
})
for (const [end, count] of [...ends].toSorted((a, b) => b[1] - a[1])) {
  process.stdout.write(`${end.padEnd(12)}${count}\n`)
}
const seconds = (performance.now() - started) / 1000
process.stdout.write(`${(connections / seconds).toFixed(0)} connections/s\n`)
