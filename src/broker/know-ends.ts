// Partitions that other cells lead end where their leaders say: whoever looks at what is there asks them first.
import { spreadLimits } from '../limits/spread.ts'
import type { Log } from '../log/log.ts'
import type { Destination } from './destination.ts'

/**
 * Resolves when it is known where a queue or topic ends; undefined where it is known. Rejects with `unavailable` when a
 * leader does not say it soon.
 */
export function knowEnds(stream: Destination): Promise<void> | undefined {
  return endsOf(stream, spreadLimits.endsMs)
}

/** The same for somebody who can wait. */
export function awaitEnds(stream: Destination): Promise<void> | undefined {
  return endsOf(stream, undefined)
}

function endsOf(stream: Destination, msMax: number | undefined): Promise<void> | undefined {
  const origins = logsOf(stream).flatMap(({ origin }) => origin ?? [])
  if (origins.length === 0) return undefined
  return Promise.all(origins.map((origin) => origin.refresh(msMax))).then(() => undefined)
}

function logsOf(stream: Destination): Log[] {
  if (stream.kind === 'topic') return stream.partitions.map(({ log }) => log)
  return stream.source?.cursors.map(({ log }) => log) ?? []
}
