// Every message in every version against the bytes of Kafka's own encoder.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import '../../../test/support/load-kafka-codecs.ts'
import { readMessageVectors, type MessageVector } from '../../../test/support/kafka-vectors.ts'
import { apiCodecs } from './apis.gen.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

interface Subject {
  readonly read: (reader: WireReader, version: number) => unknown
  readonly write: (writer: WireWriter, value: never, version: number) => void
  readonly flexibleVersionMin: number
}

const subjects = new Map<string, Subject>(
  Object.values(apiCodecs).flatMap((codec) => {
    const name = codec.name.charAt(0).toUpperCase() + codec.name.slice(1)
    const { flexibleVersionMin } = codec
    const request = { read: codec.readRequest, write: codec.writeRequest, flexibleVersionMin }
    const response = { read: codec.readResponse, write: codec.writeResponse, flexibleVersionMin }
    return [
      [`${name}Request`, request],
      [`${name}Response`, response],
    ] as [string, Subject][]
  }),
)

function decode(subject: Subject, vector: MessageVector): unknown {
  const reader = new WireReader()
  reader.reset(Buffer.from(vector.hex, 'hex'))
  reader.isFlexible = vector.version >= subject.flexibleVersionMin
  const value = subject.read(reader, vector.version)
  reader.expectEnd()
  return value
}

function encode(subject: Subject, value: unknown, version: number): string {
  const writer = new WireWriter()
  writer.start()
  writer.isFlexible = version >= subject.flexibleVersionMin
  subject.write(writer, value as never, version)
  return Buffer.concat(writer.finish()).toString('hex', 4)
}

/** The fields that `shape` has too, with bytes as base64. */
function project(value: unknown, shape: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value) && Array.isArray(shape)) {
    assert.equal(value.length, shape.length)
    return value.map((item, index) => project(item, shape[index]))
  }
  if (value === null || typeof value !== 'object') return value
  const source = value as Record<string, unknown>
  const names = Object.entries(shape as Record<string, unknown>)
  return Object.fromEntries(names.map(([name, inner]) => [name, project(source[name], inner)]))
}

const vectors = readMessageVectors().filter(({ message }) => subjects.has(message))

test('there is a vector for every message in every version', () => {
  const present = new Set(vectors.map(({ message, version }) => `${message} ${version}`))
  for (const { name, versionMin, versionMax } of Object.values(apiCodecs)) {
    const message = name.charAt(0).toUpperCase() + name.slice(1)
    for (let version = versionMin; version <= versionMax; version++) {
      assert.ok(present.has(`${message}Request ${version}`), `${message}Request ${version}`)
      assert.ok(present.has(`${message}Response ${version}`), `${message}Response ${version}`)
    }
  }
})

test('what the Java client encoded is decoded to the same values', () => {
  for (const vector of vectors) {
    const subject = subjects.get(vector.message) as Subject
    const value = decode(subject, vector)
    const name = `${vector.message} ${vector.version}`
    assert.deepEqual(project(value, vector.value), vector.value, name)
  }
})

test('what was decoded is encoded to the same bytes', () => {
  for (const vector of vectors) {
    const subject = subjects.get(vector.message) as Subject
    const hex = encode(subject, decode(subject, vector), vector.version)
    assert.equal(hex, vector.hex, `${vector.message} ${vector.version}`)
  }
})
