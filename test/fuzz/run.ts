// Fuzzes connections: npm run fuzz -- --protocol amqp|kafka --seed 1 --connections 1000
// One seed is repeated with --connections 1. AMQP: --chaos commits late; Kafka:
// --login has a broker that only those enter who log in.

import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { runFuzz } from './fuzz-run.ts'
import { runKafkaFuzz } from './kafka-run.ts'

const { values } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'amqp' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    connections: { type: 'string', default: '1000' },
    chaos: { type: 'boolean', default: false },
    login: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)
const connections = Number(values.connections)
process.stdout.write(`seed ${seed}, ${connections} ${values.protocol} connections\n`)
const started = performance.now()
const onConnection = (each: number, end: string): void => {
  if (values.verbose) process.stdout.write(`${each}: ${end}\n`)
}
const ends = await (values.protocol === 'kafka' ? fuzzKafka() : fuzzAmqp())
for (const [end, count] of [...ends].toSorted((a, b) => b[1] - a[1])) {
  process.stdout.write(`${end.padEnd(12)}${count}\n`)
}
const seconds = (performance.now() - started) / 1000
process.stdout.write(`${(connections / seconds).toFixed(0)} connections/s\n`)

async function fuzzAmqp(): Promise<ReadonlyMap<string, number>> {
  const chaos = { random: seededRandom(seed), delayMsMax: 10 }
  return runFuzz({ seed, connections, onConnection, ...(values.chaos && { chaos }) })
}

async function fuzzKafka(): Promise<ReadonlyMap<string, number>> {
  const { login: needsLogin } = values
  const result = await runKafkaFuzz({ seed, connections, needsLogin, onConnection })
  const { ends: counts, honestRounds, honestSlowestMs, memoryPeakMb } = result
  process.stdout.write(`the honest client: ${honestRounds} rounds, `)
  process.stdout.write(`the slowest took ${honestSlowestMs.toFixed(0)} ms\n`)
  process.stdout.write(`the broker's memory: at most ${memoryPeakMb} MB\n`)
  return counts
}
