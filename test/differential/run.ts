// npm run differential: plays scripts from seeds against Pabal and RabbitMQ until they part.
//
//   npm run differential -- --seeds 1000               seeds 1 … 1000
//   npm run differential -- --seeds 1000 --from 5000   seeds 5000 … 5999
//   npm run differential -- --seed 17                  one seed, with what happened
//   npm run differential -- --keep-going               all of them, and all differences
//   npm run differential -- --access                   with users, virtual hosts and rights
//   npm run differential -- --reference amqp://…       another broker than Debian's RabbitMQ;
//                           --management http://…      and where its management API is
import { parseArgs } from 'node:util'
import { compareScripts } from './compare.ts'
import type { Endpoints } from './endpoints.ts'
import { startBrokers } from './start-brokers.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    length: { type: 'string', default: '40' },
    'at-once': { type: 'string', default: '8' },
    'keep-going': { type: 'boolean', default: false },
    access: { type: 'boolean', default: false },
    reference: { type: 'string' },
    management: { type: 'string' },
  },
})

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Of a broker that runs already. */
function referenceOf(given: typeof values): Endpoints | undefined {
  if (given.reference === undefined) return undefined
  if (given.management === undefined) return { amqp: given.reference, management: undefined }
  const { hostname, port } = new URL(given.management)
  return { amqp: given.reference, management: { host: hostname, port } }
}

const length = Number(values.length)
const first = Number(values.seed ?? values.from)
const last = first + (values.seed === undefined ? Number(values.seeds) : 1) - 1
await using brokers = await startBrokers(referenceOf(values))
const startedAt = performance.now()
const total = { seeds: 0, steps: 0, accepted: new Map<string, number>(), differences: 0 }
let next = first
let isStopped = false

async function playSome(): Promise<void> {
  while (next <= last && !isStopped) {
    const seed = next++
    const choice = { seed, length, hasAccess: values.access }
    const { difference, accepted, stepCount } = await compareScripts(brokers, choice)
    total.seeds++
    total.steps += stepCount
    if (accepted !== undefined) {
      total.accepted.set(accepted, (total.accepted.get(accepted) ?? 0) + 1)
    }
    if (difference === undefined) continue
    total.differences++
    say(`\nSeed ${seed} has found a difference:\n\n${difference}\n`)
    if (!values['keep-going']) isStopped = true
  }
}

await Promise.all(Array.from({ length: Number(values['at-once']) }, playSome))
for (const [reason, count] of total.accepted) say(`${count} ended at a known difference, ${reason}`)
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
say(
  `${total.seeds} seeds in ${seconds} s: ${total.steps} steps, ${total.differences} of the seeds found a difference`,
)
process.exitCode = total.differences > 0 ? 1 : 0
