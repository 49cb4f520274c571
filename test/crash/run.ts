// npm run crash -- --rounds 200 --seed 42 [--small-files] [--slow-disk] [--amqp | --kafka | --parcels | --mqtt]
// Kills a broker again and again and checks what is left; see crash-run.ts, kafka-crash-run.ts,
// parcel-crash-run.ts and mqtt-crash-run.ts.

import { parseArgs } from 'node:util'
import { systemRandom } from '../../src/lib/random.ts'
import { runCrashRounds } from './crash-run.ts'
import { runKafkaCrashRounds } from './kafka/kafka-crash-run.ts'
import { runMqttCrashRounds } from './mqtt/mqtt-crash-run.ts'
import { runParcelCrashRounds } from './parcels/parcel-crash-run.ts'

const usage = `npm run crash -- [--rounds N] [--seed S] [--small-files] [--slow-disk] [--amqp | --kafka | --parcels | --mqtt]
  --rounds N      how often the broker is killed (20)
  --seed S        chooses what clients do and when the broker is killed (random)
  --small-files   tiny log files, so that they are sealed, cleaned and retired all the time
  --slow-disk     writes reach the system 5 ms late, so that a kill loses more
  --amqp, --kafka, --mqtt only the rounds with clients of one protocol, and
  --parcels       only those with deduplication, rewinds and subscriptions (all, N rounds each)`

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
    'slow-disk': { type: 'boolean', default: false },
    amqp: { type: 'boolean', default: false },
    kafka: { type: 'boolean', default: false },
    parcels: { type: 'boolean', default: false },
    mqtt: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(usage)
else {
  const seed = readWholeNumber('seed', values.seed)
  const rounds = readWholeNumber('rounds', values.rounds)
  console.log(`seed ${seed}, ${rounds} rounds`)
  try {
    const { 'small-files': hasSmallFiles, 'slow-disk': hasSlowDisk } = values
    const options = { seed, rounds, hasSmallFiles, hasSlowDisk, onRound: console.log }
    const isAll = !values.amqp && !values.kafka && !values.parcels && !values.mqtt
    if (isAll || values.amqp) {
      const { confirmed, received, removed } = await runCrashRounds(options)
      console.log(
        `${rounds} crashes with AMQP clients: every promise kept ` +
          `(${confirmed} confirmed, ${received} received, ${removed} removed)`,
      )
    }
    if (isAll || values.kafka) {
      const { acked, delivered, commits } = await runKafkaCrashRounds(options)
      console.log(
        `${rounds} crashes with Kafka clients: every promise kept ` +
          `(${acked} acked, ${delivered} read, ${commits} commits)`,
      )
    }
    if (isAll || values.parcels) {
      const { confirmed, rewinds } = await runParcelCrashRounds(options)
      console.log(
        `${rounds} crashes with messages once and again: every promise kept ` +
          `(${confirmed} confirmed, ${rewinds} rewinds)`,
      )
    }
    if (isAll || values.mqtt) {
      const { answered, received } = await runMqttCrashRounds(options)
      console.log(
        `${rounds} crashes with MQTT clients: every promise kept ` +
          `(${answered} answered, ${received} received)`,
      )
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    // Clients may still look for the broker.
    process.exit(1)
  }
}
