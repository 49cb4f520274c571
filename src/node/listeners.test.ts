import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../lib/logger.ts'
import type { ListenerOptions } from '../server/listener.ts'
import { completeOptions } from '../settings/load-config.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { openService } from './listeners.ts'
import type { Service } from './service.ts'

const amqp = { name: 'amqp', scheme: 'amqp', setting: 'amqpPort', isTls: false } as const

/** What a service asks its listener for, on `host`, and the warnings that come of it. */
async function opened(host?: string): Promise<{
  readonly listener: ListenerOptions
  readonly clock: VirtualClock
  readonly warnings: string[]
}> {
  const warnings: string[] = []
  const clock = new VirtualClock()
  const asked: ListenerOptions[] = []
  await openService(amqp, () => undefined, {
    options: completeOptions(host === undefined ? {} : { host }),
    credentials: undefined,
    logger: { ...silentLogger, warn: (...line) => void warnings.push(line.map(String).join(' ')) },
    clock,
    openListener: (options) => {
      asked.push(options)
      return Promise.resolve({ address: { host: '', port: 1 }, close: () => undefined })
    },
    addresses: {},
  })
  const [listener] = asked
  assert.ok(listener)
  return { listener, clock, warnings }
}

test('a broker that nobody configured listens on both loopbacks', async () => {
  for (const host of [undefined, 'localhost', 'LOCALHOST']) {
    const { listener } = await opened(host)
    assert.deepEqual([listener.host, listener.alsoHosts], ['127.0.0.1', ['::1']])
  }
  const { listener } = await opened('127.0.0.1')
  assert.deepEqual([listener.host, listener.alsoHosts], ['127.0.0.1', undefined])
})

test('a flood of refused connections is a line a second, with their number', async () => {
  const { listener, clock, warnings } = await opened()
  for (let count = 0; count < 1000; count++) listener.onAcceptProblem('too many')
  clock.advance(1000)
  listener.onAcceptProblem('too many')
  assert.deepEqual(warnings, [
    'A connection to amqp was refused: too many',
    'A connection to amqp was refused: too many (and 999 more before)',
  ])
})

test('the usual port of metrics may be in use, one that was asked for may not', async () => {
  const metrics: Service = {
    name: 'metrics',
    scheme: 'http',
    setting: 'metricsPort',
    isTls: false,
  }
  const cause = Object.assign(new Error('listen'), { code: 'EADDRINUSE' })
  const warnings: string[] = []
  const open = async (options: object, service = metrics): Promise<unknown> =>
    openService(service, () => undefined, {
      options: completeOptions(options),
      credentials: undefined,
      logger: {
        ...silentLogger,
        warn: (...line) => void warnings.push(line.map(String).join(' ')),
      },
      clock: new VirtualClock(),
      openListener: () => Promise.reject(new Error('in use: choose another', { cause })),
      addresses: {},
    })
  assert.equal(await open({}), undefined)
  assert.deepEqual(warnings, ['No port for metrics: in use: choose another'])
  await assert.rejects(open({ metricsPort: 1 }), /in use/)
  await assert.rejects(open({}, amqp), /in use/)
})
