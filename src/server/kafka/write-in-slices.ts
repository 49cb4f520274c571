// Long arrays of an answer, made and written a slice at a time: the topics of a cluster with 100,000
// of them take a quarter of a second.
import { apiCodecs, type ApiName } from '../../codec/kafka/apis.gen.ts'
import { type WriteItem, WrittenArray } from '../../codec/kafka/arrays.ts'
import { WireWriter } from '../../codec/kafka/wire-writer.ts'
import type { Steps } from '../../lib/slices.ts'
import { clientLimits } from '../../limits/clients.ts'
import { kafkaLimits } from '../../limits/kafka.ts'
import type { GrowingAnswer } from './answer-room.ts'
import { RefusedRequestError } from './refused-request-error.ts'
import type { RequestContext } from './request-context.ts'

/** An array of an answer, each item of which is written when it is there. */
export class ItemWriter<T> implements GrowingAnswer {
  /** Bytes of the pieces that are finished. */
  size = 0
  readonly #context: RequestContext
  readonly #version: number
  readonly #isFlexible: boolean
  readonly #writeItem: WriteItem<T>
  readonly #writer = new WireWriter()
  readonly #pieces: Buffer[] = []
  #count = 0

  /** `writeItem` is the codec's function for one item. */
  constructor(api: ApiName, context: RequestContext, writeItem: WriteItem<T>) {
    const { apiVersion } = context
    this.#context = context
    this.#version = apiVersion
    this.#isFlexible = apiVersion >= apiCodecs[api].flexibleVersionMin
    this.#writeItem = writeItem
    this.#begin()
  }

  /** Throws a refusal when the answer gets too large, or nobody waits for it any more. */
  add(item: T): void {
    this.#writeItem(this.#writer, item, this.#version)
    this.#count++
    if (this.#writer.size < clientLimits.outputSlabSizeMax) return
    this.#grow(this.#writer.size)
    this.#pieces.push(...this.#writer.finish())
    if (this.size > kafkaLimits.answerSizeMax) {
      throw new RefusedRequestError('the answer would be too large: ask in parts')
    }
    if (this.#context.client.isClosed) throw new RefusedRequestError('the client has gone')
    this.#begin()
  }

  /** Undefined when more may be written; else settled when it is worth another look. */
  get wait(): Promise<void> | undefined {
    const { answerRoom, client, clock } = this.#context
    if (this.size === 0) return undefined
    answerRoom.note(this)
    if (answerRoom.mayGrow(this) || client.isClosed) return undefined
    return new Promise((resolve) => void clock.after(kafkaLimits.fullOutputWaitMs, resolve))
  }

  /** What there is of it will not be sent, or counts with its connection from now on. */
  letGo(): void {
    const { answerRoom, client } = this.#context
    answerRoom.forget(this)
    client.changeUnfinished(-this.size)
    this.size = 0
  }

  #grow(size: number): void {
    this.size += size
    this.#context.client.changeUnfinished(size)
  }

  finish(): readonly T[] {
    this.#pieces.push(...this.#writer.finish())
    this.letGo()
    return new WrittenArray<T>(this.#count, this.#pieces)
  }

  #begin(): void {
    this.#writer.startPiece()
    this.#writer.isFlexible = this.#isFlexible
  }
}

/**
 * An array of an answer to `api`, of items that are made and written a slice at a time. Undefined stands for
 * one that was looked at and is not shown.
 */
export function writeInSlices<T>(
  api: ApiName,
  context: RequestContext,
  writeItem: WriteItem<T>,
  items: Iterable<T | undefined>,
): Promise<readonly T[]> {
  return context.slices.run(writeAll(new ItemWriter(api, context, writeItem), items))
}

/** Writes items as they are made, as part of other work. */
export function* writeAll<T>(
  writer: ItemWriter<T>,
  items: Iterable<T | undefined>,
): Steps<readonly T[]> {
  try {
    for (const item of items) {
      if (item !== undefined) writer.add(item)
      do yield writer.wait
      while (writer.wait !== undefined)
    }
    return writer.finish()
  } finally {
    writer.letGo()
  }
}
