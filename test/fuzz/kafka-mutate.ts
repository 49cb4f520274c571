// Damages whole requests: their bytes, sizes and order. Pure: everything comes from the seed.
import type { Random } from '../../src/lib/random.ts'
import { flipBits } from './kafka-batches.ts'

type Mutation = (request: Buffer, random: Random) => Buffer

const sizeAt = 0
const bodyAt = 4
const hugeNumbers = [0x7fff_ffff, -1, -2, 0x0100_0000, 104_857_601, 0, 0x7fff]

function withSize(request: Buffer): Buffer {
  request.writeInt32BE(request.length - bodyAt, sizeAt)
  return request
}

const mutations: readonly Mutation[] = [
  // Bits anywhere, the size included.
  (request, random) => (flipBits(request, random), request),
  (request, random) => (flipBits(request.subarray(bodyAt), random), request),
  (request, random) => (flipBits(request.subarray(bodyAt), random), request),
  // Another number where some field may be: array counts, sizes, versions.
  (request, random) => {
    if (request.length < 16) return request
    const at = bodyAt + random.below(request.length - 8)
    request.writeInt32BE(hugeNumbers[random.below(hugeNumbers.length)]!, at)
    return request
  },
  // A varint that does not end, or says four billion.
  (request, random) => {
    const at = bodyAt + random.below(request.length - bodyAt)
    const end = Math.min(request.length, at + 1 + random.below(10))
    return (request.fill(0xff, at, end), request)
  },
  // Cut short or made longer, with a size that is right all the same.
  (request, random) =>
    withSize(Buffer.from(request.subarray(0, bodyAt + random.below(request.length - 3)))),
  (request, random) => withSize(Buffer.concat([request, random.bytes(1 + random.below(40))])),
  (request, random) => {
    const at = bodyAt + random.below(request.length - bodyAt)
    const rest = request.subarray(at)
    return withSize(Buffer.concat([request.subarray(0, at), random.bytes(3), rest]))
  },
  // A size that is wrong.
  (request, random) => {
    const size = request.length - bodyAt + random.below(9) - 4
    return (request.writeInt32BE(size, sizeAt), request)
  },
  (request, random) => {
    request.writeInt32BE(hugeNumbers[random.below(hugeNumbers.length)]!, sizeAt)
    return request
  },
  // Another API or version than the bytes are for.
  (request, random) => (request.writeInt16BE(random.below(80), bodyAt), request),
  (request, random) => (request.writeInt16BE(random.below(20) - 2, bodyAt + 2), request),
  // No request at all.
  (_request, random) => random.bytes(random.below(200)),
  (_request, random) => withSize(Buffer.concat([Buffer.alloc(4), random.bytes(random.below(200))])),
  () => Buffer.from('GET / HTTP/1.1\r\nHost: broker\r\n\r\n'),
  () => Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
  () => Buffer.from('160301020001000001fc0303', 'hex'),
]

/** `request` with one damage. */
export function mutateRequest(request: Buffer, random: Random): Buffer {
  return mutations[random.below(mutations.length)]!(Buffer.from(request), random)
}
