import { OpenedBatch } from '../../src/crossing/opened-batch.ts'
import { toKafkaBatch } from '../../src/crossing/to-kafka-batch.ts'
import { toMessageRun, wholeBatch } from '../../src/crossing/to-message-run.ts'
import { Log } from '../../src/log/log.ts'
import { appendRecord } from '../../src/log/record.ts'
import { Run } from '../../src/log/run.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import { table } from '../../src/record/message/field-table.ts'
import { batchOf } from './kafka-codec.ts'
import { sourceOf } from './log.ts'
import type { MicroBenchmark } from './micro-benchmark.ts'

const MESSAGES = 100
const LEADER_EPOCH = 1
const home = encodeAddress('', 'orders')

export const crossing: readonly MicroBenchmark[] = [
  {
    name: 'crossing, message of 1 KiB → record',
    operationsPerCall: MESSAGES,
    prepare() {
      const [log, run] = [logWithoutEngine(), messageRun(false)]
      return () => toKafkaBatch(log, run)?.length ?? 0
    },
  },
  {
    name: 'crossing, message with headers → record',
    operationsPerCall: MESSAGES,
    prepare() {
      const [log, run] = [logWithoutEngine(), messageRun(true)]
      return () => toKafkaBatch(log, run)?.length ?? 0
    },
  },
  {
    name: 'crossing, record of 1 KiB → message',
    operationsPerCall: MESSAGES,
    prepare() {
      const batch = Run.fromBytes(batchOf())
      return () => {
        const opened = new OpenedBatch(batch.bytes(), batch.size)
        return toMessageRun(opened, wholeBatch(opened, home)).size
      }
    },
  },
]

/** Good for what the converters ask of a log. */
function logWithoutEngine(): Log {
  const engine = { asideBodies: new Map<number, Buffer>() }
  const log = new Log({ id: 1, isVolatile: false, engine: engine as never })
  log.homeAddress = home
  return log
}

function messageRun(hasHeaders: boolean): Run {
  const now = 1_700_000_000_000
  const run = new Run(0, now, 64)
  const source = sourceOf(1024)
  if (hasHeaders) {
    source.header = encodeContentHeader(1024, {
      contentType: 'application/json',
      deliveryMode: 2,
      headers: table({ tenant: 'north', attempt: 3 }),
    })
    source.headerEnd = source.header.length
  }
  for (let offset = 0; offset < MESSAGES; offset++) appendRecord(run, offset, now, source)
  run.seal(LEADER_EPOCH, -1)
  return run
}
