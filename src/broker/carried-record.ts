// A record of a partition on its way to another cell, and what has come of it there.
import { logLimits } from '../limits/log.ts'
import type { LogStore } from '../log/log-store.ts'
import { decodeCarried, encodeCarried } from '../record/message/carried-message.ts'
import type { RecordView } from '../record/message/record-view.ts'
import { readRecord } from './read-record.ts'
import type { Partition } from './topic/partition.ts'

/** The first stable record at an offset or after it; undefined when there is none. Rejects when it cannot be read. */
export function readCarried(
  { store, log, startOffset, lastStableOffset }: Partition,
  offset: number,
): Promise<Buffer | undefined> {
  return readRecord({ store, log }, Math.max(offset, startOffset), (view) =>
    view.offset < lastStableOffset ? encodeCarried(view) : undefined,
  )
}

/** Undefined for none. Throws CodecError. */
export function carriedRecord(bytes: Buffer): RecordView | undefined {
  return decodeCarried(bytes)[0]
}

/** Gives a record from another cell a file for its body, if that is large, for as long as `use` takes. */
export async function usingAside<T>(
  store: LogStore,
  view: RecordView,
  use: () => T | Promise<T>,
): Promise<T> {
  const size = view.bodyEnd - view.bodyStart
  if (size <= logLimits.inlineBodySizeMax) return use()
  // Nobody else has its memory.
  const body = Buffer.from(view.body.subarray(view.bodyStart, view.bodyEnd))
  view.asideId = await new Promise<number>((resolve) => {
    store.writeAside(body, resolve)
  })
  try {
    return await use()
  } finally {
    // It stays where a record has it.
    store.dropAside(view.asideId)
  }
}
