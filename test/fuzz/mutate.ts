// Damages frames: as a whole, in one field, or bit by bit. Pure: everything comes from the seed.

import type { Random } from '../../src/lib/random.ts'
import { encodeFrame } from '../support/raw-codec.ts'

type Mutation = (frames: readonly Buffer[], at: number, random: Random) => Buffer[]

const sizeAt = 3
const payloadAt = 7
const hugeSizes = [0xffff_ffff, 0x7fff_ffff, 1 << 24, 200_000, 131_073]

function edit(
  frames: readonly Buffer[],
  at: number,
  change: (frame: Buffer) => Buffer | void,
): Buffer[] {
  const copy = Buffer.from(frames[at] as Buffer)
  // Too short for a frame: an earlier damage cut it.
  if (copy.length <= payloadAt) return [...frames]
  return frames.with(at, change(copy) ?? copy)
}

/** Changes the payload and keeps the frame's size field right. */
function editPayload(
  frames: readonly Buffer[],
  at: number,
  change: (payload: Buffer) => Buffer | void,
): Buffer[] {
  return edit(frames, at, (frame) => {
    const payload = Buffer.from(frame.subarray(payloadAt, -1))
    return encodeFrame(frame[0] ?? 0, frame.readUInt16BE(1), change(payload) ?? payload)
  })
}

function flipBits(bytes: Buffer, random: Random): void {
  for (let count = 1 + random.below(4); count > 0 && bytes.length > 0; count--) {
    const at = random.below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
  }
}

const wholeFrames: readonly Mutation[] = [
  (frames, at) => frames.toSpliced(at, 1),
  (frames, at) => frames.toSpliced(at, 0, frames[at] as Buffer),
  (frames, at, random) => {
    const other = random.below(frames.length)
    return frames.with(at, frames[other] as Buffer).with(other, frames[at] as Buffer)
  },
  (frames) => frames.toReversed(),
  (frames, at, random) => {
    const stray = encodeFrame(1 + random.below(3), 1, random.bytes(random.below(40)))
    return frames.toSpliced(at, 0, stray)
  },
  (frames, at, random) => {
    const heartbeat = encodeFrame(8, random.below(2), random.bytes(random.below(2)))
    return frames.toSpliced(at, 0, heartbeat)
  },
  (frames, at) => frames.toSpliced(at, 0, ...Array<Buffer>(20).fill(frames[at] as Buffer)),
]

const frameFields: readonly Mutation[] = [
  (frames, at, random) =>
    edit(
      frames,
      at,
      (frame) => void frame.writeUInt8([0, 1, 2, 3, 4, 8, 255][random.below(7)] ?? 0),
    ),
  (frames, at, random) =>
    edit(
      frames,
      at,
      (frame) => void frame.writeUInt16BE([0, 1, 2, 77, 65_535][random.below(5)] ?? 0, 1),
    ),
  (frames, at, random) =>
    edit(frames, at, (frame) => {
      const size = frame.readUInt32BE(sizeAt) + random.below(9) - 4
      frame.writeUInt32BE(Math.min(0xffff_ffff, Math.max(0, size)), sizeAt)
    }),
  (frames, at, random) =>
    edit(frames, at, (frame) => {
      frame.writeUInt32BE(hugeSizes[random.below(hugeSizes.length)] ?? 0, sizeAt)
    }),
  (frames, at, random) =>
    edit(frames, at, (frame) => void frame.writeUInt8(random.below(256), frame.length - 1)),
]

const payloads: readonly Mutation[] = [
  (frames, at, random) => editPayload(frames, at, (payload) => flipBits(payload, random)),
  (frames, at, random) =>
    editPayload(frames, at, (payload) => payload.subarray(0, random.below(payload.length + 1))),
  (frames, at, random) =>
    editPayload(frames, at, (payload) =>
      Buffer.concat([payload, random.bytes(1 + random.below(9))]),
    ),
  (frames, at, random) =>
    editPayload(frames, at, (payload) => {
      const start = random.below(payload.length + 1)
      const end = Math.min(payload.length, start + 1 + random.below(8))
      payload.fill([0, 0xff, 0xce][random.below(3)] ?? 0, start, end)
    }),
  // Another method with these arguments.
  (frames, at, random) =>
    editPayload(frames, at, (payload) => {
      if (payload.length < 4) return
      payload.writeUInt16BE([10, 20, 30, 40, 50, 60, 85, 90, 99][random.below(9)] ?? 0, 0)
      payload.writeUInt16BE(
        [10, 11, 20, 21, 30, 31, 40, 41, 50, 60, 70, 80, 110, 120][random.below(14)] ?? 0,
        2,
      )
    }),
  // Text that is as long as it can be and no UTF-8.
  (frames, at, random) =>
    editPayload(frames, at, (payload) => {
      const start = Math.min(payload.length, 4 + random.below(8))
      const text = Buffer.concat([Buffer.from([255]), Buffer.alloc(255, 0xff)])
      return Buffer.concat([payload.subarray(0, start), text, payload.subarray(start)])
    }),
]

const rawBytes: readonly Mutation[] = [
  (frames, at, random) => edit(frames, at, (frame) => flipBits(frame, random)),
  (frames, at, random) =>
    edit(frames, at, (frame) => frame.subarray(0, random.below(frame.length))),
  (frames, at, random) =>
    edit(frames, at, (frame) => Buffer.concat([frame, random.bytes(1 + random.below(20))])),
  (frames, at, random) => {
    const cut = random.below((frames[at] as Buffer).length)
    return edit(frames, at, (frame) =>
      Buffer.concat([frame.subarray(0, cut), frame.subarray(cut + 1)]),
    )
  },
]

// Damage inside payloads gets furthest: frames around it are whole.
const mutations: readonly Mutation[] = [
  ...wholeFrames,
  ...wholeFrames,
  ...frameFields,
  ...payloads,
  ...payloads,
  ...payloads,
  ...rawBytes,
]

/** `frames` with one damage, or seldom two or three. */
export function mutate(frames: readonly Buffer[], random: Random): Buffer[] {
  let damaged = [...frames]
  for (let count = Math.max(1, random.below(6) - 2); count > 0 && damaged.length > 0; count--) {
    const mutation = mutations[random.below(mutations.length)] as Mutation
    damaged = mutation(damaged, random.below(damaged.length), random)
  }
  return damaged
}
