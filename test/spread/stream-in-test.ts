// A consumer of a stream that writes down what it gets, and batches as producers send them.
import assert from 'node:assert/strict'
import type { Broker } from '../../src/broker/broker.ts'
import type { Partition, Produced } from '../../src/broker/topic/partition.ts'
import { StreamConsumer, type StreamSink } from '../../src/broker/topic/stream-consumer.ts'
import type { StreamReader } from '../../src/broker/topic/stream-reader.ts'
import type { StreamStart } from '../../src/broker/topic/stream-start.ts'
import type { Topic } from '../../src/broker/topic/topic.ts'
import { type BatchOptions, RecordBatchBuilder } from '../../src/record/batch/batch-builder.ts'
import type { RecordView } from '../../src/record/message/record-view.ts'
import { textOf } from '../support/queue-under-test.ts'

export class StreamInTest implements StreamSink {
  /** By partition: offset and text. */
  readonly got: [offset: number, text: string][][] = []
  isCancelled = false
  readonly consumer: StreamConsumer

  constructor(
    { streamContext }: Broker,
    topic: Topic,
    start: StreamStart,
    options: { readonly partition?: number; readonly name?: string } = {},
  ) {
    const { partition, name } = options
    const asked = { prefetch: 50, partition, start, name }
    this.consumer = new StreamConsumer(topic, this, asked, streamContext)
  }

  get count(): number {
    return this.got.flat().length
  }

  texts(partition: number): string[] {
    return (this.got[partition] ?? []).map(([, text]) => text)
  }

  canTake(): boolean {
    return true
  }

  deliver(reader: StreamReader, record: RecordView): void {
    const { offset } = record
    ;(this.got[reader.index] ??= []).push([offset, textOf(record)])
    // Within the delivery is too early.
    queueMicrotask(() => reader.settle(offset, 'ack'))
  }

  onCancelled(): void {
    this.isCancelled = true
  }
}

/** What a producer sends at once. */
export function produce(
  partition: Partition | undefined,
  texts: readonly string[],
  { timestamp = 0, ...options }: BatchOptions & { readonly timestamp?: number } = {},
): Produced {
  const builder = new RecordBatchBuilder(0)
  for (const [offset, text] of texts.entries()) {
    builder.append({ offset, timestamp, key: null, value: Buffer.from(text), headers: [] })
  }
  const produced = partition?.produce(builder.finish(options))
  assert.ok(produced !== undefined && produced !== 'large')
  return produced
}
