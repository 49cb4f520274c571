// Writes values and tombstones for keys of its own, one after the other.
import { RecordBatchBuilder } from '../../../src/record/batch/batch-builder.ts'
import { Ended } from '../ended.ts'
import { errorOf } from '../kafka/error-of.ts'
import type { KafkaLife } from '../kafka/kafka-protocol.ts'
import { createKeyed } from './keyed-reader.ts'
import { keyedTopic, type KeyedWrite } from './keyed-world.ts'
import type { LedgerWorld } from './ledger-world.ts'
import { LifeLink } from './life-link.ts'

export class KeyedWriter {
  readonly #ledger: LedgerWorld
  readonly #name: string
  /** Of its keys; with others what is still under way cannot come after what it writes next. */
  #generation = 0
  /** In which life of the broker something was not answered. */
  #lostIn: number | undefined

  constructor(ledger: LedgerWorld, name: string) {
    this.#ledger = ledger
    this.#name = name
  }

  /** One connection's work. */
  readonly work = async (life: KafkaLife): Promise<void> => {
    const { draw, world } = life
    const link = new LifeLink(life)
    await createKeyed(this.#ledger, link)
    if (this.#lostIn === world.history.epoch) this.#generation++
    this.#lostIn = undefined
    for (let left = draw.between(3, 40); left > 0 && !world.isWindingDown; left--) {
      await this.#write(life, link)
      if (draw.chance(0.4)) await life.step()
    }
  }

  async #write({ draw, world, name }: KafkaLife, link: LifeLink): Promise<void> {
    const { keyed, plan } = this.#ledger
    const writes = Array.from({ length: draw.between(1, 3) }, () => {
      const key = `${this.#name}.${this.#generation}.${draw.between(1, plan.keyed.keys)}`
      return keyed.write(key, draw.chance(0.25))
    })
    const request = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 30_000,
      topicData: [
        {
          name: keyedTopic,
          topicId: '',
          partitionData: [{ index: 0, records: encode(writes, link.now()) }],
        },
      ],
    }
    try {
      const { responses } = await link.call('produce', request, 12)
      const { errorCode, baseOffset } = responses[0]!.partitionResponses[0]!
      world.history.onNote(name, `has written ${textOf(writes)} at ${baseOffset}: ${errorCode}`)
      if (errorCode === 0) {
        for (const [at, write] of writes.entries()) keyed.onAcked(write, baseOffset + at)
      } else if (errorOf(errorCode) !== 'UNKNOWN_SERVER_ERROR') {
        throw keyed.fail(`${name} cannot write to ${keyedTopic}: ${errorOf(errorCode)}`)
      }
    } catch (error) {
      if (error instanceof Ended) this.#lostIn = world.history.epoch
      throw error
    }
  }
}

function textOf(writes: readonly KeyedWrite[]): string {
  return writes
    .map(({ key, number, value }) => (value === null ? `no ${key}` : `${key} ${number}`))
    .join(', ')
}

function encode(writes: readonly KeyedWrite[], timestamp: number): Buffer {
  const builder = new RecordBatchBuilder(0)
  for (const [offset, { key, value }] of writes.entries()) {
    const bytes = value === null ? null : Buffer.from(value)
    builder.append({ offset, timestamp, key: Buffer.from(key), value: bytes, headers: [] })
  }
  return builder.finish()
}
