import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { fetchRequest } from '../../../test/support/fetch-request.ts'
import { noRights } from '../../auth/rights.ts'
import type { Broker } from '../../broker/broker.ts'
import { DynamicSettings } from '../../broker/dynamic-settings.ts'
import { MemoryAccount } from '../../broker/memory-account.ts'
import { ClientQuotas } from '../../broker/quota/client-quotas.ts'
import { zeroUuid } from '../../codec/kafka/field-defaults.ts'
import type { FetchRequest } from '../../codec/kafka/messages/fetch.gen.ts'
import { Slices } from '../../lib/slices.ts'
import { Turn } from '../../lib/turn.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { AnswerSlot } from './answer-slot.ts'
import { ClientThrottle } from './client-throttle.ts'
import { FetchSessions } from './fetch-sessions.ts'
import { handleFetch } from './fetch.ts'
import { KafkaAccess } from './kafka-access.ts'
import type { RequestContext } from './request-context.ts'

const tooMany = kafkaLimits.fetchedAtOnceMax + 1
const atOnce = { maxWaitMs: 0, minBytes: 0, maxBytes: 1000 }

/** Opens a session, goes on with `rest`, and says how often that was done in slices. */
async function slicesOf(rest: Partial<FetchRequest>): Promise<number> {
  const clock = new VirtualClock()
  const slices = new Slices(clock, 1)
  const access = new KafkaAccess()
  access.open(noRights, () => true)
  const store = new MemoryLogStore({ clock, turn: new Turn(clock) })
  const broker = {
    clock,
    quotas: new ClientQuotas({ clock, settings: new DynamicSettings(store) }),
  }
  const throttle = new ClientThrottle(broker as unknown as Broker, () => undefined)
  const context = {
    clock,
    slices,
    apiVersion: 12,
    access,
    topics: { find: () => undefined },
    memory: new MemoryAccount({ watermark: 1e9, onReceived: () => undefined }),
    led: {},
    fetchSessions: new FetchSessions({ random: seededRandom(1), clock }, 1e9),
    client: { isClosed: false, changeUnfinished: () => undefined, throttle },
    slot: new AnswerSlot(),
  } as unknown as RequestContext
  const opened = await handleFetch(fetchRequest([], { ...atOnce, sessionEpoch: 0 }), context)
  const { mock: runs } = mock.method(slices, 'run')
  const session = { sessionId: opened?.sessionId ?? 0, sessionEpoch: 1 }
  const answer = await handleFetch(fetchRequest([], { ...atOnce, ...session, ...rest }), context)
  assert.deepEqual([answer?.errorCode, answer?.sessionId], [0, session.sessionId])
  return runs.callCount()
}

test('a fetch that forgets many partitions leaves others their turn, one that forgets few does not wait', async () => {
  const forgetting = (count: number): Partial<FetchRequest> => {
    const partitions = Array.from({ length: count }, (_, at) => at)
    return { forgottenTopicsData: [{ topic: 't', topicId: zeroUuid, partitions }] }
  }
  assert.equal(await slicesOf(forgetting(tooMany)), 1)
  assert.equal(await slicesOf(forgetting(tooMany - 1)), 0)
})

test('a fetch that names many topics and nothing of them leaves others their turn', async () => {
  const topic = { topic: 't', topicId: zeroUuid, partitions: [] }
  const topics = Array.from({ length: tooMany }, () => topic)
  assert.equal(await slicesOf({ topics }), 1)
  assert.equal(await slicesOf({ forgottenTopicsData: topics }), 1)
})
