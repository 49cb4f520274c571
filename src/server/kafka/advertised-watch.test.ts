import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Address } from '../../lib/listen.ts'
import { type Logger, silentLogger } from '../../lib/logger.ts'
import { AdvertisedWatch } from './advertised-watch.ts'

const reached: Address = { host: '10.0.0.5', port: 9092 }
const names: Readonly<Record<string, readonly string[]>> = {
  'broker.internal': ['10.0.0.9', '10.0.0.5'],
  'broker.example.com': ['203.0.113.1'],
}

/** The warnings after as many visits that asked for metadata only. */
async function warningsAfter(
  visits: number,
  advertised: Address,
  { from = reached, worksAfter = Infinity } = {},
): Promise<string[]> {
  const warnings: string[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (...line) => void warnings.push(JSON.stringify(line)),
  }
  const resolveHost = (host: string): Promise<readonly string[]> =>
    Promise.resolve(names[host] ?? [])
  const watch = new AdvertisedWatch({ logger, resolveHost })
  const remoteAddress = '10.0.0.7'
  for (let visit = 1; visit <= visits; visit++) {
    await watch.onMetadataOnly({ remoteAddress, reached: from, advertised, setting: 'x' })
    if (visit === worksAfter) watch.onWork(remoteAddress)
  }
  return warnings
}

test('clients that come back and never work are warned of, once', async () => {
  const advertised = { host: 'broker.example.com', port: 9092 }
  assert.deepEqual(await warningsAfter(2, advertised), [])
  assert.deepEqual(await warningsAfter(10, advertised), [
    '["Kafka clients from 10.0.0.7 are told to connect to broker.example.com:9092 and do not come there: set --x to an address that they can reach"]',
  ])
  assert.deepEqual(await warningsAfter(4, advertised, { worksAfter: 2 }), [])
  assert.equal((await warningsAfter(3, { host: 'no.such.name', port: 9092 })).length, 1)
})

test('a health check at the advertised address is no lost client', async () => {
  assert.deepEqual(await warningsAfter(10, reached), [])
  assert.deepEqual(await warningsAfter(10, { host: 'broker.internal', port: 9092 }), [])
  const mapped = { host: '::ffff:10.0.0.5', port: 9092 }
  assert.deepEqual(await warningsAfter(10, reached, { from: mapped }), [])
  assert.equal((await warningsAfter(10, { host: 'broker.internal', port: 9093 })).length, 1)
})
