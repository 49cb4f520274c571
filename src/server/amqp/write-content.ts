// Puts messages on the wire: basic.deliver, basic.get-ok and basic.return with header and body
// frames. Header and body bytes go out as they came in. Small bodies are copied into the connection's
// slab, larger ones are sent from where they are.
import { FRAME_HEADER_SIZE, FRAME_OVERHEAD } from '../../codec/amqp/frame.ts'
import {
  BASIC_DELIVER,
  BASIC_GET_OK,
  BASIC_RETURN,
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_METHOD,
} from '../../codec/amqp/methods.gen.ts'
import { copyBytes } from '../../lib/copy-bytes.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { clientLimits } from '../../limits/clients.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { RecordView } from '../../record/message/record-view.ts'
import type { Output } from '../output.ts'

/** Where a message goes: channel and the largest frame its connection may get. */
export interface ContentTarget {
  readonly output: Output
  readonly channel: number
  readonly frameMax: number
}

const methodIdSize = 4

/** A consumer tag as shortstr. */
export function encodeTag(tag: string): Buffer {
  const text = Buffer.from(tag)
  return Buffer.concat([Buffer.from([text.length]), text])
}

/** A message on its way in, seen as one on its way out. */
export function viewOf(source: RecordSource): RecordView {
  // One buffer for address and header, as views have it.
  const address = source.address.subarray(source.addressStart, source.addressEnd)
  const header = source.header.subarray(source.headerStart, source.headerEnd)
  const view = new RecordView()
  view.buffer = Buffer.concat([address, header])
  view.headerStart = address.length
  view.headerEnd = view.buffer.length
  view.body = source.body
  view.bodyStart = source.bodyStart
  view.bodyEnd = source.bodyEnd
  if (view.bodyEnd - view.bodyStart > clientLimits.copiedBodySizeMax) copyBody(view)
  return view
}

/** Large bodies leave as views, and the next frame may come into the memory that this one is in. */
function copyBody(view: RecordView): void {
  view.body = Buffer.from(view.body.subarray(view.bodyStart, view.bodyEnd))
  view.bodyStart = 0
  view.bodyEnd = view.body.length
}

const deliveryTagSize = 8

/** Writes basic.deliver; `tag` is the consumer tag as shortstr. */
export function writeDelivery(
  target: ContentTarget,
  tag: Buffer,
  delivery: { readonly deliveryTag: number; readonly isRedelivered: boolean },
  record: RecordView,
): void {
  const addressSize = record.headerStart - record.addressStart
  const size = methodIdSize + tag.length + deliveryTagSize + 1 + addressSize
  const { output } = target
  const start = output.reserve(FRAME_OVERHEAD + size + contentSizeMax(target, record))
  const { buffer } = output
  let position = writeFrameStart(buffer, start, frameStart(FRAME_METHOD, target.channel), size)
  position = writeUInt32(buffer, position, BASIC_DELIVER)
  position = copyBytes(tag, 0, tag.length, buffer, position)
  position = writeDeliveryTag(buffer, position, delivery.deliveryTag)
  buffer[position++] = delivery.isRedelivered ? 1 : 0
  position = copyBytes(record.buffer, record.addressStart, record.headerStart, buffer, position)
  buffer[position++] = FRAME_END
  output.advance(position)
  writeHeaderAndBody(target, record)
}

/** Writes basic.get-ok. */
export function writeGetOk(
  target: ContentTarget,
  delivery: { readonly deliveryTag: number; readonly isRedelivered: boolean },
  messageCount: number,
  record: RecordView,
): void {
  const addressSize = record.headerStart - record.addressStart
  const size = methodIdSize + deliveryTagSize + 1 + addressSize + 4
  const { output } = target
  const start = output.reserve(FRAME_OVERHEAD + size + contentSizeMax(target, record))
  const { buffer } = output
  let position = writeFrameStart(buffer, start, frameStart(FRAME_METHOD, target.channel), size)
  position = writeUInt32(buffer, position, BASIC_GET_OK)
  position = writeDeliveryTag(buffer, position, delivery.deliveryTag)
  buffer[position++] = delivery.isRedelivered ? 1 : 0
  position = copyBytes(record.buffer, record.addressStart, record.headerStart, buffer, position)
  position = writeUInt32(buffer, position, messageCount)
  buffer[position++] = FRAME_END
  output.advance(position)
  output.answeredSize += size + record.bodyEnd - record.bodyStart
  writeHeaderAndBody(target, record)
}

/** Writes basic.return; the message's address goes out as it came in. */
export function writeReturn(
  target: ContentTarget,
  reply: { readonly code: number; readonly text: string },
  source: RecordSource,
): void {
  const text = Buffer.from(reply.text)
  const record = viewOf(source)
  const addressSize = source.addressEnd - source.addressStart
  const size = methodIdSize + 2 + 1 + text.length + addressSize
  const { output } = target
  const start = output.reserve(FRAME_OVERHEAD + size + contentSizeMax(target, record))
  const { buffer } = output
  let position = writeFrameStart(buffer, start, frameStart(FRAME_METHOD, target.channel), size)
  position = writeUInt32(buffer, position, BASIC_RETURN)
  buffer[position++] = reply.code >>> 8
  buffer[position++] = reply.code
  buffer[position++] = text.length
  position = copyBytes(text, 0, text.length, buffer, position)
  position = copyBytes(source.address, source.addressStart, source.addressEnd, buffer, position)
  buffer[position++] = FRAME_END
  output.advance(position)
  output.answeredSize += size + record.bodyEnd - record.bodyStart
  writeHeaderAndBody(target, record)
}

/** Bytes that header and body frames take in the slab at most. */
function contentSizeMax(target: ContentTarget, record: RecordView): number {
  const headerSize = record.headerEnd - record.headerStart + FRAME_OVERHEAD
  const bodySize = record.bodyEnd - record.bodyStart
  if (bodySize > clientLimits.copiedBodySizeMax) return headerSize
  const frames = Math.ceil(bodySize / (target.frameMax - FRAME_OVERHEAD))
  return headerSize + bodySize + frames * FRAME_OVERHEAD
}

function writeHeaderAndBody(target: ContentTarget, record: RecordView): void {
  const { output, channel } = target
  const { buffer } = output
  const headerSize = record.headerEnd - record.headerStart
  let position = output.reserve(0)
  position = writeFrameStart(buffer, position, frameStart(FRAME_HEADER, channel), headerSize)
  position = copyBytes(record.buffer, record.headerStart, record.headerEnd, buffer, position)
  buffer[position++] = FRAME_END
  const bodySize = record.bodyEnd - record.bodyStart
  if (bodySize > clientLimits.copiedBodySizeMax) {
    output.advance(position)
    sendBodyViews(target, record)
    return
  }
  const payloadMax = target.frameMax - FRAME_OVERHEAD
  for (let from = record.bodyStart; from < record.bodyEnd; from += payloadMax) {
    const end = Math.min(from + payloadMax, record.bodyEnd)
    position = writeFrameStart(buffer, position, frameStart(FRAME_BODY, channel), end - from)
    position = copyBytes(record.body, from, end, buffer, position)
    buffer[position++] = FRAME_END
  }
  output.advance(position)
}

function sendBodyViews({ output, channel, frameMax }: ContentTarget, record: RecordView): void {
  const payloadMax = frameMax - FRAME_OVERHEAD
  if (pagePool.retain(record.body)) output.releaseOnceSent(record.body)
  for (let from = record.bodyStart; from < record.bodyEnd; from += payloadMax) {
    const end = Math.min(from + payloadMax, record.bodyEnd)
    const start = output.reserve(FRAME_HEADER_SIZE)
    output.advance(
      writeFrameStart(output.buffer, start, frameStart(FRAME_BODY, channel), end - from),
    )
    output.appendView(record.body.subarray(from, end))
    const last = output.reserve(1)
    output.buffer[last] = FRAME_END
    output.advance(last + 1)
  }
}

/** Type (u8) and channel (u16) as the frame has them. */
function frameStart(type: number, channel: number): number {
  return (type << 16) | channel
}

function writeFrameStart(
  buffer: Buffer,
  position: number,
  typeAndChannel: number,
  size: number,
): number {
  buffer[position] = typeAndChannel >>> 16
  buffer[position + 1] = typeAndChannel >>> 8
  buffer[position + 2] = typeAndChannel
  return writeUInt32(buffer, position + 3, size)
}

function writeDeliveryTag(buffer: Buffer, position: number, tag: number): number {
  const high = Math.floor(tag / 0x1_0000_0000)
  return writeUInt32(buffer, writeUInt32(buffer, position, high), tag >>> 0)
}

function writeUInt32(buffer: Buffer, position: number, value: number): number {
  buffer[position] = value >>> 24
  buffer[position + 1] = value >>> 16
  buffer[position + 2] = value >>> 8
  buffer[position + 3] = value
  return position + 4
}
