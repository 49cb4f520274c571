import { FrameReader, writeFrameHeader } from '../../src/codec/amqp/frame.ts'
import {
  BASIC_DELIVER,
  BASIC_PUBLISH,
  decodeMethod,
  encodeMethod,
  FRAME_BODY,
  FRAME_END,
  FRAME_HEADER,
  FRAME_METHOD,
  writeMethodFrame,
} from '../../src/codec/amqp/methods.gen.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import {
  decodeContentHeader,
  encodeContentHeader,
  readBodySize,
  validateContentHeader,
} from '../../src/record/message/content-header.ts'
import { table } from '../../src/record/message/field-table.ts'
import { type BasicProperties } from '../../src/record/message/properties.gen.ts'
import type { MicroBenchmark } from './micro-benchmark.ts'

const MESSAGES = 50
const FRAMES_PER_MESSAGE = 3
const FRAME_MAX = 131_072

const persistent: BasicProperties = { deliveryMode: 2 }
const rich: BasicProperties = {
  contentType: 'application/json',
  deliveryMode: 2,
  correlationId: 'b2b9f3a0-7a51-4c0e-8f0e-0d3a4b1c2d3e',
  messageId: '4711',
  timestamp: 1_700_000_000,
  headers: table({ tenant: 'north', attempt: 3, trace: '00-4bf92f3577b34da6-01' }),
}
const publish = {
  id: BASIC_PUBLISH,
  exchange: 'orders',
  routingKey: 'order.created',
  mandatory: false,
  immediate: false,
} as const
const deliver = {
  id: BASIC_DELIVER,
  consumerTag: 'amq.ctag-Xy7',
  deliveryTag: 123_456,
  redelivered: false,
  exchange: 'orders',
  routingKey: 'order.created',
} as const

export const amqpCodec: readonly MicroBenchmark[] = [
  framesParsed('AMQP frame, parse, in whole messages of 1 KiB', Infinity),
  framesParsed('AMQP frame, parse, in chunks of 1,000 B', 1000),
  {
    name: 'AMQP basic.publish, decode',
    prepare() {
      const payload = encodeMethod(publish)
      return () => decodeMethod(payload, 0, payload.length).id
    },
  },
  {
    name: 'AMQP basic.deliver, write',
    prepare() {
      const target = Buffer.alloc(1024)
      return () => writeMethodFrame(target, 0, 1, deliver)
    },
  },
  ...[
    { kind: 'plain', properties: persistent },
    { kind: 'rich', properties: rich },
  ].flatMap(({ kind, properties }): MicroBenchmark[] => [
    {
      name: `AMQP content header, ${kind}, check`,
      prepare() {
        const header = encodeContentHeader(1024, properties)
        return () => {
          validateContentHeader(header, 0, header.length)
          return readBodySize(header, 0)
        }
      },
    },
    {
      name: `AMQP content header, ${kind}, decode`,
      prepare() {
        const header = encodeContentHeader(1024, properties)
        return () => decodeContentHeader(header, 0, header.length).bodySize
      },
    },
    {
      name: `AMQP content header, ${kind}, encode`,
      prepare: () => () => encodeContentHeader(1024, properties).length,
    },
  ]),
  {
    name: 'AMQP address, encode',
    prepare: () => () => encodeAddress('orders', 'order.created').length,
  },
]

function framesParsed(name: string, chunkSize: number): MicroBenchmark {
  return {
    name,
    operationsPerCall: MESSAGES * FRAMES_PER_MESSAGE,
    prepare() {
      const stream = messageStream()
      const chunks: Buffer[] = []
      for (let at = 0; at < stream.length; at += chunkSize) {
        chunks.push(stream.subarray(at, at + chunkSize))
        if (chunkSize === Infinity) break
      }
      const reader = new FrameReader(FRAME_MAX)
      return () => {
        let size = 0
        for (const chunk of chunks) {
          reader.push(chunk)
          while (reader.next()) size += reader.end - reader.start
        }
        return size
      }
    },
  }
}

function messageStream(): Buffer {
  const body = Buffer.alloc(1024, 1)
  const message = Buffer.concat([
    frame(FRAME_METHOD, encodeMethod(publish)),
    frame(FRAME_HEADER, encodeContentHeader(body.length, persistent)),
    frame(FRAME_BODY, body),
  ])
  return Buffer.concat(Array.from({ length: MESSAGES }, () => message))
}

function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7)
  writeFrameHeader(head, 0, { type, channel: 1, size: payload.length })
  return Buffer.concat([head, payload, Buffer.from([FRAME_END])])
}
