// What a message of the crash test looks like: all of it follows from its id and one number, so the
// record of millions of messages needs no bodies and a received one is compared byte for byte.

import { isDeepStrictEqual } from 'node:util'
import type { MessageProperties, Options } from 'amqplib'
import { type Random } from '../../src/lib/random.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'

/** `small`: up to 200 B; `mixed`: 0 B to 300 KiB, mostly small; `large`: more than 1 MiB. */
export type SizeRange = 'small' | 'mixed' | 'large'

export interface MessagePlan {
  readonly body: Buffer
  readonly options: Options.Publish
}

const KiB = 1024
const MiB = 1024 * KiB
const poolSize = 6 * MiB

const pool = createPool()

function createPool(): Buffer {
  const random = seededRandom(1)
  const words = Uint32Array.from({ length: poolSize / 4 }, () => random.below(0x1_0000_0000))
  return Buffer.from(words.buffer)
}

/** The message with this id; the same arguments give the same message. */
export function planMessage(id: string, seed: number, sizes: SizeRange): MessagePlan {
  const random = seededRandom(seed)
  const size = chooseSize(random, sizes)
  const start = random.below(poolSize - size)
  const options: Options.Publish = { messageId: id, headers: {} }
  if (random.below(4) > 0) options.deliveryMode = random.below(10) === 0 ? 1 : 2
  if (random.below(3) === 0) addProperties(random, options)
  return { body: pool.subarray(start, start + size), options }
}

/** What differs between the plan and what a consumer got; undefined when nothing does. */
export function findDifference(
  plan: MessagePlan,
  received: { readonly content: Buffer; readonly properties: MessageProperties },
): string | undefined {
  if (!plan.body.equals(received.content)) {
    return `body of ${received.content.length} B differs from the ${plan.body.length} B sent`
  }
  const sent = present(plan.options)
  const got = present(received.properties)
  if (isDeepStrictEqual(got, sent)) return undefined
  return `properties differ: sent ${JSON.stringify(sent)}, received ${JSON.stringify(got)}`
}

function chooseSize(random: Random, sizes: SizeRange): number {
  if (sizes === 'small') return random.below(200)
  if (sizes === 'large') return MiB + 1 + random.below(2 * MiB)
  const kind = random.below(100)
  if (kind < 5) return 0
  if (kind < 65) return random.below(KiB)
  if (kind < 95) return random.below(20 * KiB)
  return 20 * KiB + random.below(280 * KiB)
}

function addProperties(random: Random, options: Options.Publish): void {
  // Not 0: its negative would not come back as -0.
  const number = 1 + random.below(1_000_000)
  options.contentType = 'application/json'
  options.contentEncoding = 'identity'
  options.priority = random.below(10)
  options.correlationId = `c-${number}`
  options.replyTo = 'somewhere'
  options.timestamp = 1_700_000_000 + number
  options.type = 'crash.test'
  options.appId = 'crash'
  options.headers = {
    number,
    half: number + 0.5,
    yes: random.below(2) === 1,
    text: 'x'.repeat(random.below(300)),
    list: [1, 'two', { three: 3 }],
    nested: { deep: { deeper: -number } },
  }
}

/** The entries that have a value; amqplib leaves absent properties undefined. */
function present(properties: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined))
}
