// The committed files of src/codec/kafka are what the definitions give, and every message
// round-trips in every version.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { apiCodecs, type ApiName } from '../src/codec/kafka/apis.gen.ts'
import { WireReader } from '../src/codec/kafka/wire-reader.ts'
import { WireWriter } from '../src/codec/kafka/wire-writer.ts'
import { CodecError } from '../src/record/codec-error.ts'
import { arbitraryMessage, type MessageValue } from '../test/support/kafka-arbitrary.ts'
import '../test/support/load-kafka-codecs.ts'
import { apiNames } from './kafka/api-list.ts'
import { generateKafka } from './kafka/generate.ts'
import { readApi, type Message } from './kafka/read-messages.ts'

interface Subject {
  readonly message: Message
  readonly read: (reader: WireReader, version: number) => unknown
  readonly write: (writer: WireWriter, value: never, version: number) => void
}

const subjects: readonly Subject[] = apiNames.flatMap((name) => {
  const api = readApi(name)
  const codec = apiCodecs[(name.charAt(0).toLowerCase() + name.slice(1)) as ApiName]
  return [
    { message: api.request, read: codec.readRequest, write: codec.writeRequest },
    { message: api.response, read: codec.readResponse, write: codec.writeResponse },
  ] as Subject[]
})

function versionsOf({ versions }: Message): number[] {
  return Array.from({ length: versions.max - versions.min + 1 }, (_, n) => versions.min + n)
}

function isFlexible({ flexible }: Message, version: number): boolean {
  return version >= flexible.min && version <= flexible.max
}

function encode(subject: Subject, value: MessageValue, version: number): Buffer {
  const writer = new WireWriter()
  writer.start()
  writer.isFlexible = isFlexible(subject.message, version)
  subject.write(writer, value as never, version)
  return Buffer.concat(writer.finish()).subarray(4)
}

function readerOf(subject: Subject, bytes: Buffer, version: number): WireReader {
  const reader = new WireReader()
  reader.reset(bytes)
  reader.isFlexible = isFlexible(subject.message, version)
  return reader
}

function decode(subject: Subject, bytes: Buffer, version: number): unknown {
  const reader = readerOf(subject, bytes, version)
  const value = subject.read(reader, version)
  reader.expectEnd()
  return value
}

/** What decoding any bytes may do: succeed, or refuse them. */
function decodeOrRefuse(subject: Subject, bytes: Buffer, version: number): void {
  try {
    subject.read(readerOf(subject, bytes, version), version)
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
  }
}

test('the committed files are what the generator writes', () => {
  for (const [name, text] of generateKafka()) {
    const committed = readFileSync(new URL(`../src/codec/kafka/${name}`, import.meta.url), 'utf8')
    assert.ok(committed === text, `${name}: run node scripts/generate-kafka.ts`)
  }
})

test('the versions are those of Kafka 4.3', () => {
  const ranges = Object.values(apiCodecs).map(
    ({ key, versionMin, versionMax }) => `${key}:${versionMin}-${versionMax}`,
  )
  assert.equal(
    ranges.join(' '),
    '0:3-13 1:4-18 2:1-11 3:0-13 8:2-10 9:1-10 10:0-6 11:0-9 12:0-4 13:0-5 14:0-5 15:0-6 16:0-5 ' +
      '17:0-1 18:0-4 19:2-7 20:1-6 21:0-2 22:0-5 23:2-4 24:0-5 25:0-4 26:0-5 27:1-2 28:0-5 29:1-3 ' +
      '30:1-3 31:1-3 32:1-4 33:0-2 34:1-2 35:1-5 36:0-2 37:0-3 38:1-3 39:1-2 40:1-2 41:1-3 42:0-2 ' +
      '43:0-2 44:0-1 45:0-1 46:0-0 47:0-0 48:0-1 49:0-1 50:0-0 51:0-0 55:0-2 57:0-2 60:0-2 61:0-0 ' +
      '64:0-0 65:0-0 66:0-2 68:0-1 69:0-1 74:0-1 75:0-0 80:0-1 81:0-0 76:1-1 77:1-1 78:1-2 79:1-2 ' +
      '90:0-1 91:0-0 92:0-0',
  )
})

test('every message survives a round trip in every version', () => {
  for (const subject of subjects) {
    for (const version of versionsOf(subject.message)) {
      fc.assert(
        fc.property(arbitraryMessage(subject.message, version), (value) => {
          assert.deepEqual(decode(subject, encode(subject, value, version), version), value)
        }),
        { numRuns: 15 },
      )
    }
  }
})

test('a message that is cut short is refused, whatever is missing', () => {
  for (const subject of subjects) {
    for (const version of versionsOf(subject.message)) {
      const [value] = fc.sample(arbitraryMessage(subject.message, version), {
        numRuns: 1,
        seed: 7,
      })
      const bytes = encode(subject, value as MessageValue, version)
      for (let end = 0; end < bytes.length; end++) {
        assert.throws(() => decode(subject, bytes.subarray(0, end), version), CodecError)
      }
    }
  }
})

test('mutated and random bytes are decoded or refused with a CodecError', () => {
  for (const subject of subjects) {
    for (const version of versionsOf(subject.message)) {
      fc.assert(
        fc.property(
          arbitraryMessage(subject.message, version),
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
          fc.uint8Array({ maxLength: 60 }),
          (value, changes, random) => {
            const bytes = encode(subject, value, version)
            for (const [at, octet] of changes) bytes[at % bytes.length] = octet
            decodeOrRefuse(subject, bytes, version)
            decodeOrRefuse(subject, Buffer.from(random), version)
          },
        ),
        { numRuns: 10 },
      )
    }
  }
})
