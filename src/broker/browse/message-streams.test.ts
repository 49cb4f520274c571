import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { openManagedBroker } from '../../../test/support/managed-broker.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import type { Broker } from '../broker.ts'
import { declareQueue } from '../declare-queue.ts'
import type { Destination } from '../destination.ts'
import { type MessageStream, MessageStreams } from './message-streams.ts'

let broker: Broker
let destination: Destination
let told: string[]
beforeEach(() => {
  broker = openManagedBroker().broker
  destination = declareQueue(broker, broker.getVHost('/'), {
    name: 'q',
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: emptyTable,
    connection: {},
  }).queue
  told = []
})

const streamOf = (): MessageStream => ({
  kind: 'tail',
  user: 'u',
  destination,
  end: (reason) => told.push(`end: ${reason}`),
  refresh: () => told.push('refresh'),
})

test('one whose queue was deleted while it was opened ends', () => {
  const streams = new MessageStreams(broker)
  broker.deleteQueue(destination)
  assert.equal(streams.add(streamOf()), 'added')
  assert.deepEqual(told, ['end: the stream was deleted'])
})

test('one that was opened while all were ended ends too', () => {
  const streams = new MessageStreams(broker)
  streams.endAll('the broker stops')
  streams.add(streamOf())
  assert.deepEqual(told, ['end: the broker stops'])
})

test('one that begins learns of partitions and permissions that came while it was opened', () => {
  new MessageStreams(broker).add(streamOf())
  assert.deepEqual(told, ['refresh'])
})
