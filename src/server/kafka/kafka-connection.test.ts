import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { mock, test } from 'node:test'
import '../../../test/support/load-late-parts.ts'
import { collectGarbage } from '../../../test/support/collect-garbage.ts'
import { AccessControl } from '../../auth/access-control.ts'
import { Users } from '../../auth/users.ts'
import { DynamicSettings } from '../../broker/dynamic-settings.ts'
import { MemoryAccount } from '../../broker/memory-account.ts'
import { ClientQuotas } from '../../broker/quota/client-quotas.ts'
import { PublishRates } from '../../broker/rate/publish-rates.ts'
import { Shortage } from '../../broker/shortage.ts'
import { encodeRequest } from '../../codec/kafka/request.ts'
import { WireWriter } from '../../codec/kafka/wire-writer.ts'
import { silentLogger } from '../../lib/logger.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { ByteSource } from '../byte-source.ts'
import { InputBudget } from '../input-budget.ts'
import { peerFactsOf } from '../peer-facts.ts'
import { SendWatch } from '../send-watch.ts'
import { KafkaConnection } from './kafka-connection.ts'
import type { KafkaContext } from './kafka-context.ts'
import { LargeRequests } from './large-requests.ts'

/** A connection on a socket that takes nothing until the test says so. */
function connected(onReceived: () => void = () => undefined): {
  readonly clock: VirtualClock
  readonly connection: KafkaConnection
  readonly source: ByteSource
  readonly socket: { bytesWritten: number; writableLength: number }
  readonly memory: MemoryAccount
  readonly shortage: Shortage
  /** Topics in the order in which they were looked for; there is none. */
  readonly soughtTopics: string[]
} {
  const socket = {
    remoteAddress: '127.0.0.1',
    bytesWritten: 0,
    writableLength: 0,
    on: () => undefined,
    cork: () => undefined,
    uncork: () => undefined,
    destroy: () => undefined,
    isPaused: () => false,
    write(bytes: Buffer): boolean {
      this.bytesWritten += bytes.length
      this.writableLength += bytes.length
      return true
    },
  }
  const clock = new VirtualClock()
  const memory = new MemoryAccount({ watermark: 1e9, onReceived })
  const shortage = new Shortage()
  const soughtTopics: string[] = []
  const turn = new Turn(clock)
  const settings = new DynamicSettings(new MemoryLogStore({ clock, turn }))
  const quotas = new ClientQuotas({ clock, settings })
  const rates = new PublishRates({
    clock,
    turn,
    limitsOf: { user: () => undefined, vhost: () => undefined },
    ofConnection: { messages: undefined, bytes: undefined },
  })
  const context = {
    clock,
    requestShare: { isSpent: false },
    largeRequests: new LargeRequests(1e6),
    sendWatch: new SendWatch({ clock, memory, timeoutMs: kafkaLimits.kafkaIdleMsMax }),
    logger: silentLogger,
    users: new Users({ random: systemRandom, clock, access: new AccessControl() }),
    settings: { requestSizeMax: kafkaLimits.kafkaRequestSizeMax },
    loginWatch: { remove: () => undefined },
    advertisedWatch: { onWork: () => undefined },
    broker: { store: { uncommittedSize: 0 }, clock, shortage, rates, quotas, settings },
    topics: { isHidden: () => false },
    led: { find: (name: string) => void soughtTopics.push(name), knowsAll: true },
    memory,
    inputBudget: new InputBudget({ account: memory, clock, uncommittedSize: () => 0 }),
  }
  const source = new ByteSource()
  const address = { host: '127.0.0.1', port: 9092 }
  const listener = { name: 'PLAINTEXT', advertised: () => address, setting: 'x' } as const
  const peer = peerFactsOf(socket as unknown as Socket)
  const connection = new KafkaConnection(
    { socket: socket as unknown as Socket, source, listener, peer, isPassedOn: false },
    context as unknown as KafkaContext,
    () => undefined,
  )
  return { clock, connection, source, socket, memory, shortage, soughtTopics }
}

function apiVersionsRequest(clientId: string | null = null): Buffer {
  const header = { api: 'apiVersions', apiVersion: 0, correlationId: 1, clientId } as const
  const request = { clientSoftwareName: '', clientSoftwareVersion: '' }
  return Buffer.concat(encodeRequest(new WireWriter(), header, request))
}

test('checkIdle() ends a connection of which nothing is heard, and no other', () => {
  const { connection, source, socket } = connected()
  const half = kafkaLimits.kafkaIdleMsMax / 2
  connection.checkIdle(half)
  source.onBytes(apiVersionsRequest().subarray(0, 7))
  connection.checkIdle(half)
  connection.checkIdle(half)
  assert.equal(connection.isClosed, false, 'half a request came')
  source.onBytes(apiVersionsRequest().subarray(7))
  connection.checkIdle(half)
  socket.writableLength = 0
  connection.checkIdle(half)
  connection.checkIdle(half)
  assert.equal(connection.isClosed, false, 'the answer was taken')
  connection.checkIdle(half)
  assert.equal(connection.isClosed, true)
})

test('a connection whose peer does not take its answers is ended as late as an idle one', () => {
  const { clock, connection, source } = connected()
  source.onBytes(apiVersionsRequest())
  connection.checkIdle(kafkaLimits.kafkaIdleMsMax)
  connection.checkIdle(kafkaLimits.kafkaIdleMsMax)
  clock.advance(kafkaLimits.kafkaIdleMsMax / 2)
  assert.equal(connection.isClosed, false)
  clock.advance(kafkaLimits.kafkaIdleMsMax)
  assert.equal(connection.isClosed, true)
})

test('an idle connection does not keep the memory of its last request', async () => {
  const { connection, source } = connected()
  const taken: WeakRef<ArrayBufferLike>[] = []
  const take = (size: number): Buffer => {
    const memory = Buffer.from(new ArrayBuffer(size))
    taken.push(new WeakRef(memory.buffer))
    return memory
  }
  const { mock: taking } = mock.method(pagePool, 'take', take)
  source.onBytes(apiVersionsRequest('a client'))
  taking.restore()
  taking.resetCalls()
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  assert.equal(taken.length, 1)
  assert.equal(taken[0]?.deref(), undefined)
  assert.equal(connection.isClosed, false)
})

function produceRequest(acks: 0 | 1, ...topics: string[]): Buffer {
  const header = { api: 'produce', apiVersion: 9, correlationId: 1, clientId: null } as const
  const partitionData = [{ index: 0, records: Buffer.alloc(0) }]
  const topicData = topics.map((name) => ({ name, topicId: '', partitionData }))
  const request = { transactionalId: null, acks, timeoutMs: 1000, topicData }
  return Buffer.concat(encodeRequest(new WireWriter(), header, request))
}

test('a request that ends its connection leaves nothing of those before it held', async () => {
  const { connection, source, memory, shortage } = connected()
  shortage.set('memory', true)
  source.onBytes(produceRequest(0))
  assert.notEqual(memory.sizes.input, 0, 'it waits for the end of the shortage')
  const negativeSize = Buffer.alloc(4, 0xff)
  source.onBytes(negativeSize)
  assert.equal(connection.isClosed, true)
  assert.equal(memory.sizes.input, 0)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(memory.sizes.input, 0, 'the produce has been given up')
})

test('a produce whose bytes end a shortage does not overtake those that waited for that', async () => {
  let onReceived = (): void => undefined
  const { source, shortage, soughtTopics } = connected(() => onReceived())
  shortage.set('memory', true)
  source.onBytes(produceRequest(1, 'first'))
  onReceived = () => shortage.set('memory', false)
  source.onBytes(produceRequest(1, 'second'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(soughtTopics, ['first', 'second'])
})
