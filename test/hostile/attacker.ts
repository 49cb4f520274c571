// The hostile side, in a process of its own: all kinds of attacks, some at a time, each for a while; those
// that did not get through are tried once more alone. Started by hostile-run.ts.
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import type { Outcome } from './attack.ts'
import { gotThrough } from './got-through.ts'
import { attacks, allKinds } from './kinds.ts'
import { type Target, Wire } from './wire.ts'

const { values } = parseArgs({
  options: {
    amqp: { type: 'string', default: '0' },
    kafka: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '20' },
    kinds: { type: 'string', default: '' },
  },
})

const kinds = values.kinds === '' ? allKinds : values.kinds.split(',')
const random = seededRandom(Number(values.seed))
const lanes = Math.min(2, kinds.length)
/** Each kind gets a turn within the time, however short; with much time, more than one. */
const turnMsMax = 6000
const turnMs = Math.min(turnMsMax, (Number(values.seconds) * 1000 * lanes) / kinds.length)
const waitMsMax = 15_000
const endsAt = performance.now() + Number(values.seconds) * 1000
const throughKinds = new Set<string>()

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

/** While memory is nearly used up nobody is let in, and an attack would come to nothing. */
async function untilLetIn(target: Target): Promise<void> {
  const end = performance.now() + waitMsMax
  while (performance.now() < end) {
    using wire = await Wire.openAmqp(target)
    if (wire.isOpen) return
    await delay(100)
  }
}

async function attack(kind: string): Promise<void> {
  let end = Number.POSITIVE_INFINITY
  const wires: Wire[] = []
  const target: Target = {
    amqpPort: Number(values.amqp),
    kafkaPort: Number(values.kafka),
    wires,
    below: (bound) => random.below(bound),
    isOver: () => performance.now() >= end,
  }
  await untilLetIn({ ...target, wires: [] })
  end = performance.now() + turnMs
  await attacks[kind]?.(target)
  const outcome: Outcome = {
    kind,
    opened: wires.filter(({ isOpen }) => isOpen).length,
    sentSize: wires.reduce((sum, { sentSize }) => sum + sentSize, 0),
    ended: wires.filter(({ isEnded }) => isEnded).length,
    codes: [...new Set(wires.flatMap(({ codes }) => [...codes]))],
  }
  if (gotThrough(outcome)) throughKinds.add(kind)
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}

async function attackInTurn(): Promise<void> {
  let isFirst = true
  // Until all kinds had their turn, also when they took longer.
  while (isFirst || performance.now() + turnMs / 2 < endsAt || deck.length > 0) {
    isFirst = false
    await attack(nextKind())
  }
}

await Promise.all(Array.from({ length: lanes }, attackInTurn))
for (const kind of kinds) if (!throughKinds.has(kind)) await attack(kind)
process.exit(0)
