// The hostile side, in a process of its own: some attacks at a time, one after the other, until the time
// is up. Started by hostile-run.ts, which says which seed, ports and kinds.
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { amqpAttacks, type Attack } from './amqp-attacks.ts'
import { kafkaAttacks } from './kafka-attacks.ts'
import type { Target } from './wire.ts'

const { values } = parseArgs({
  options: {
    amqp: { type: 'string', default: '0' },
    kafka: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    kinds: { type: 'string', default: '' },
  },
})

const attacks: Readonly<Record<string, Attack>> = { ...amqpAttacks, ...kafkaAttacks }
const kinds = values.kinds === '' ? Object.keys(attacks) : values.kinds.split(',')
const random = seededRandom(Number(values.seed))
const endsAt = performance.now() + Number(values.seconds) * 1000
const lanes = 3
/** Each attack goes on for some seconds at least. */
const attackMs = { least: 3000, most: 6000 }

/** Kinds in a random order, each once before any comes again. */
let deck: string[] = []

function nextKind(): string {
  if (deck.length === 0) {
    deck = [...kinds]
    for (let at = deck.length - 1; at > 0; at--) {
      const other = random.below(at + 1)
      ;[deck[at], deck[other]] = [deck[other] as string, deck[at] as string]
    }
  }
  return deck.pop() as string
}

async function attackInTurn(): Promise<void> {
  while (performance.now() < endsAt) {
    const kind = nextKind()
    const attackEndsAt = Math.min(
      endsAt,
      performance.now() + attackMs.least + random.below(attackMs.most - attackMs.least),
    )
    const target: Target = {
      amqpPort: Number(values.amqp),
      kafkaPort: Number(values.kafka),
      below: (bound) => random.below(bound),
      isOver: () => performance.now() >= attackEndsAt,
    }
    process.stdout.write(`${kind}\n`)
    await attacks[kind]?.(target)
  }
}

await Promise.all(Array.from({ length: lanes }, attackInTurn))
process.exit(0)
