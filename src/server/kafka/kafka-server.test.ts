import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import '../../../test/support/load-kafka-codecs.ts'
import { AccessControl } from '../../auth/access-control.ts'
import { Users } from '../../auth/users.ts'
import { DynamicSettings } from '../../broker/dynamic-settings.ts'
import { MemoryAccount } from '../../broker/memory-account.ts'
import { ClientQuotas } from '../../broker/quota/client-quotas.ts'
import { Shortage } from '../../broker/shortage.ts'
import { encodeRequest } from '../../codec/kafka/request.ts'
import { WireWriter } from '../../codec/kafka/wire-writer.ts'
import { silentLogger } from '../../lib/logger.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { ByteSource } from '../byte-source.ts'
import { InputBudget } from '../input-budget.ts'
import type { KafkaParts } from './kafka-context.ts'
import { KafkaServer } from './kafka-server.ts'

/** A server whose home never answers. */
function serverBesideSilence(clock: VirtualClock): KafkaServer {
  const memory = new MemoryAccount({ watermark: 1e9, onReceived: () => undefined })
  const settings = new DynamicSettings(new MemoryLogStore({ clock, turn: new Turn(clock) }))
  return new KafkaServer({
    clock,
    memory,
    settings: { requestSizeMax: kafkaLimits.kafkaRequestSizeMax },
    logger: silentLogger,
    led: {},
    home: { open: () => new Promise(() => undefined) },
    users: new Users({ random: systemRandom, clock, access: new AccessControl() }),
    loginWatch: { add: () => undefined, remove: () => undefined },
    advertisedWatch: { onWork: () => undefined, onMetadataOnly: () => undefined },
    clients: { register: () => ({ id: 1, connectedAt: 0 }), add: () => undefined, remove: () => 0 },
    inputBudget: new InputBudget({ account: memory, clock, uncommittedSize: () => 0 }),
    broker: {
      clock,
      settings,
      ownSettings: new Map(),
      admission: { mayEnter: true, isOpen: true },
      shortage: new Shortage(),
      quotas: new ClientQuotas({ clock, settings }),
      rates: { open: () => ({ isLimited: false, close: () => undefined }) },
      store: { uncommittedSize: 0 },
    },
  } as unknown as KafkaParts)
}

test('who is sent away has an answer in a while, or none', () => {
  const clock = new VirtualClock()
  const server = serverBesideSilence(clock)
  let isDestroyed = false
  const socket = {
    remoteAddress: '127.0.0.1',
    writableLength: 0,
    on: () => undefined,
    isPaused: () => false,
    destroy: () => void (isDestroyed = true),
  } as unknown as Socket
  const source = new ByteSource()
  const address = { host: '127.0.0.1', port: 9092 }
  const listener = { name: 'PLAINTEXT', advertised: () => address, setting: 'x' } as const
  server.acceptOn(listener)(socket, source)
  const header = { api: 'metadata', apiVersion: 1, correlationId: 1, clientId: null } as const
  const request = { topics: [], allowAutoTopicCreation: false } as never
  source.onBytes(Buffer.concat(encodeRequest(new WireWriter(), header, request)))
  server.sendAway()
  clock.advance(kafkaLimits.kafkaEndMsMax - 1)
  assert.equal(isDestroyed, false)
  clock.advance(1)
  assert.equal(isDestroyed, true)
})
