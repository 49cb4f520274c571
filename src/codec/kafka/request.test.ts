import assert from 'node:assert/strict'
import { test } from 'node:test'
import '../../../test/support/load-kafka-codecs.ts'
import { readRequestVectors } from '../../../test/support/kafka-vectors.ts'
import { readBatchHeader, recordsOf } from '../../record/batch/batch-header.ts'
import { decompress } from '../../record/batch/compression.ts'
import { RecordReader } from '../../record/batch/record-reader.ts'
import { CodecError } from '../../record/codec-error.ts'
import { advertisedVersions } from './advertised-versions.ts'
import type { ApiMessages, ApiName } from './apis.gen.ts'
import { encodeRequest, readRequest, readRequestHeader, type RequestHeader } from './request.ts'
import { encodeResponse, readResponse, readResponseHeader } from './response.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

const vectors = new Map(readRequestVectors().map(({ name, hex }) => [name, hex]))

function bytesOf(name: string): Buffer {
  return Buffer.from(vectors.get(name) ?? '', 'hex').subarray(4)
}

function readerOf(bytes: Buffer): WireReader {
  const reader = new WireReader()
  reader.reset(bytes)
  return reader
}

function readVector<Name extends ApiName>(
  name: Name,
  version: number,
): ApiMessages[Name]['request'] {
  const reader = readerOf(bytesOf(`${name}${version}`))
  const header = readRequestHeader(reader)
  assert.equal(header.api, name)
  assert.equal(header.apiVersion, version)
  assert.equal(header.isSupported, true)
  assert.equal(header.clientId, 'shop')
  const request = readRequest(name, reader, version)
  reader.expectEnd()
  return request
}

function header(bytes: string): RequestHeader {
  return readRequestHeader(readerOf(Buffer.from(bytes, 'hex')))
}

test('a produce request of kafkajs is read down to its records', () => {
  const request = readVector('produce', 7)
  assert.equal(request.acks, -1)
  assert.equal(request.topicData[0]?.name, 'orders')
  const partition = request.topicData[0]?.partitionData[0]
  assert.equal(partition?.index, 2)
  const batch = partition?.records as Buffer
  const batchHeader = readBatchHeader(batch)
  const reader = new RecordReader()
  reader.reset(batchHeader, decompress('gzip', recordsOf(batch), 1000))
  assert.equal(reader.next(), true)
  assert.equal(reader.key()?.toString(), 'k')
  assert.equal(reader.timestamp, 1_700_000_000_000)
  assert.equal(reader.nextHeader(), true)
  assert.equal(reader.headerKey(), 'a')
})

test('record bytes are views of the request', () => {
  const bytes = bytesOf('produce7')
  const reader = readerOf(bytes)
  readRequestHeader(reader)
  const { topicData } = readRequest('produce', reader, 7)
  assert.equal(topicData[0]?.partitionData[0]?.records?.buffer, bytes.buffer)
})

test('a fetch request of kafkajs is read', () => {
  const request = readVector('fetch', 11)
  assert.equal(request.maxWaitMs, 5000)
  assert.equal(request.isolationLevel, 1)
  assert.equal(request.topics[0]?.partitions[0]?.fetchOffset, 12_345_678_901)
})

test('group requests of kafkajs are read', () => {
  const join = readVector('joinGroup', 5)
  assert.equal(join.groupId, 'billing')
  assert.ok(join.protocols[0]?.metadata.includes('orders'))
  const sync = readVector('syncGroup', 3)
  assert.ok(sync.assignments[0]?.assignment.includes('orders'))
  assert.equal(readVector('offsetCommit', 5).topics[0]?.partitions[0]?.committedOffset, 7)
})

test('other requests of kafkajs are read', () => {
  assert.deepEqual(
    readVector('metadata', 6).topics?.map(({ name }) => name),
    ['orders', 'a'],
  )
  assert.equal(readVector('listOffsets', 3).topics[0]?.partitions[0]?.timestamp, -1)
  assert.equal(readVector('createTopics', 3).topics[0]?.configs[0]?.value, '1000')
  assert.equal(readVector('describeConfigs', 2).resources[0]?.resourceName, 'orders')
  readVector('apiVersions', 2)
})

test('the header of a flexible version ends with tagged fields, which are passed over', () => {
  // Metadata version 9, correlation id 5, client "ab", one tagged field of two bytes.
  const read = header(`0003 0009 00000005 0002 6162 01 07 02 ffff`.replaceAll(' ', ''))
  assert.deepEqual(read, {
    api: 'metadata',
    apiKey: 3,
    apiVersion: 9,
    isSupported: true,
    correlationId: 5,
    clientId: 'ab',
  })
})

test('a version that is not supported still has a header', () => {
  const newer = header(`0012 0063 00000005 ffff 00`.replaceAll(' ', ''))
  assert.deepEqual([newer.api, newer.isSupported, newer.clientId], ['apiVersions', false, null])
  const older = header(`0000 0002 00000005 ffff`.replaceAll(' ', ''))
  assert.deepEqual([older.api, older.isSupported], ['produce', false])
})

test('an unknown api key leaves the correlation id', () => {
  const read = header(`7000 0000 00000009 ffff`.replaceAll(' ', ''))
  assert.deepEqual([read.api, read.correlationId], [undefined, 9])
})

test('a header that is cut short is refused', () => {
  for (const bytes of ['', '0003', '00030009', '0003000900000005', '0003000900000005000261']) {
    assert.throws(() => header(bytes), CodecError)
  }
})

test('what encodeRequest writes is read again', () => {
  const writer = new WireWriter()
  for (const apiVersion of [0, 4]) {
    const sent = { groupId: 'g', generationId: 4, memberId: 'm', groupInstanceId: null }
    const bytes = Buffer.concat(
      encodeRequest(
        writer,
        { api: 'heartbeat', apiVersion, correlationId: 77, clientId: 'c' },
        sent,
      ),
    )
    assert.equal(bytes.readInt32BE(0), bytes.length - 4)
    const reader = readerOf(bytes.subarray(4))
    assert.equal(readRequestHeader(reader).correlationId, 77)
    assert.deepEqual(readRequest('heartbeat', reader, apiVersion), sent)
  }
})

test('a flexible response has tagged fields after its correlation id, ApiVersions has none', () => {
  const writer = new WireWriter()
  const respond = (apiVersion: number): string =>
    Buffer.concat(
      encodeResponse(writer, { api: 'heartbeat', apiVersion, correlationId: 1 }, { errorCode: 27 }),
    ).toString('hex')
  assert.equal(respond(0), '00000006 00000001 001b'.replaceAll(' ', ''))
  assert.equal(respond(4), '0000000c 00000001 00 00000000 001b 00'.replaceAll(' ', ''))

  const versions = encodeResponse(
    writer,
    { api: 'apiVersions', apiVersion: 3, correlationId: 1 },
    { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
  )
  const bytes = Buffer.concat(versions)
  assert.equal(bytes.toString('hex', 4, 10), '000000010000')
  const reader = readerOf(bytes.subarray(4))
  assert.equal(readResponseHeader(reader, 'apiVersions', 3), 1)
  assert.equal(readResponse('apiVersions', reader, 3).apiKeys[0]?.maxVersion, 4)
})

test('produce is advertised from version 0, so that librdkafka compresses', () => {
  assert.deepEqual(advertisedVersions(['fetch', 'produce']), [
    { apiKey: 0, minVersion: 0, maxVersion: 13 },
    { apiKey: 1, minVersion: 4, maxVersion: 18 },
  ])
})
