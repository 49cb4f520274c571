// The byte sequences of Mosquitto's test data, given to the codec: what is good passes, and what must end a connection
// is refused, but for what a server alone can know.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PacketError } from '../../../src/codec/mqtt/packet-error.ts'
import { PacketReader } from '../../../src/codec/mqtt/packet-reader.ts'
import {
  findMosquittoData,
  type MosquittoSequence,
  skipWithout,
} from '../../support/mqtt/mosquitto-data.ts'
import { readPackets } from '../../support/mqtt/read-packet.ts'

/** Bytes that are right in their form: what is wrong with them depends on what was before, or on the server. */
const forServers: readonly RegExp[] = [
  // Orderly ends.
  /^DISCONNECT\.json v3\.1\.1 DISCONNECT E0 valid$/u,
  /^DISCONNECT\.json v5\.0 {3}DISCONNECT E0 (?:long|valid|RC=|non-zero session expiry)/u,
  /^DISCONNECT\.json v5\.0 {3}DISCONNECT ALLOWED PROPERTIES E0 with (?:reason-string|user-property|session-expiry)/u,
  // Client ids that are missing, methods that are not there, limits.
  /^CONNECT\.json .*(?:empty client ID|unsupported authentication method|tiny max packet)/u,
  /^PUBLISH\.json .*topic alias > max topic alias$/u,
  // Answers that do not belong to what was sent.
  /^FLOW\.json /u,
  // Names of groups.
  /^SUBSCRIBE\.json .*shared sub with (?:\+ in sharename|no topic part)/u,
]

const data = findMosquittoData()
const options = skipWithout(data)

test('good byte sequences pass, in one chunk and in many', options, () => {
  const good = sequences().filter(({ isBad }) => !isBad)
  assert.ok(good.length > 130, `${good.length} good sequences`)
  for (const sequence of good) {
    assert.equal(refusalOf(sequence, false), undefined, sequence.name)
    assert.equal(refusalOf(sequence, true), undefined, sequence.name)
  }
})

test('byte sequences that must end a connection are refused', options, (t) => {
  const bad = sequences().filter(({ isBad }) => isBad)
  assert.ok(bad.length > 1300, `${bad.length} bad sequences`)
  const taken = bad.filter((sequence) => refusalOf(sequence, false) === undefined)
  const unexpected = taken.filter(({ name }) => !forServers.some((known) => known.test(name)))
  assert.deepEqual(
    unexpected.map(({ name }) => name),
    [],
  )
  t.diagnostic(`${bad.length - taken.length} of ${bad.length} are refused by the codec alone`)
  for (const sequence of bad) {
    const [whole, single] = [refusalOf(sequence, false), refusalOf(sequence, true)]
    assert.equal(single?.reasonCode, whole?.reasonCode, sequence.name)
  }
})

function sequences(): readonly MosquittoSequence[] {
  if (typeof data === 'string') throw new Error(data)
  return data
}

/** Why the codec refuses it. */
function refusalOf(sequence: MosquittoSequence, isSingle: boolean): PacketError | undefined {
  const reader = new PacketReader('client', 2_000_000)
  if (sequence.isConnected) reader.version = sequence.version
  const sent = sequence.steps.filter(({ kind }) => kind === 'send').map(({ bytes }) => bytes)
  const single = sent.flatMap((bytes) => [...bytes].map((byte) => Buffer.from([byte])))
  try {
    readPackets(reader, isSingle ? single : sent)
  } catch (error) {
    if (error instanceof PacketError) return error
    throw error
  }
  return undefined
}
