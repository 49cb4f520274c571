// Reads what died in some streams, and again when there is more or less of it.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { DeathsJson } from '../../../src/admin/v1/dead-letter-operations.ts'
import { ask, type Problem } from '../../lib/api.ts'
import { apiPath, encodeName, query } from '../../lib/names.ts'
import { emptyReading, type Group, type Reading, type StreamId, withPart } from './death-groups.ts'

const limits = {
  /** Messages of one stream that are read without being asked to. */
  unaskedMax: 100_000,
  /** Of the first part: it is there at once. */
  firstCount: 5000,
  partCount: 30_000,
  /** What changes all the time is read again once in a while. */
  settleMs: 1500,
}

export interface StreamToRead extends StreamId {
  readonly messages: number
}

export interface Deaths {
  /** The most first; undefined before anything is known. */
  readonly groups: readonly Group[] | undefined
  readonly looked: number
  readonly total: number
  readonly others: number
  /** All was read. */
  readonly isWhole: boolean
  readonly isReading: boolean
  readonly problem: Error | undefined
  /** Reads what is left, however much it is. */
  readonly readOn: () => void
  /** Reads all anew. */
  readonly again: () => void
}

interface State {
  readonly readings: ReadonlyMap<string, Reading>
  readonly isReading: boolean
  readonly problem: Error | undefined
}

const nothing: State = { readings: new Map(), isReading: true, problem: undefined }

/** `streams` undefined: not known yet. */
export function useDeaths(streams: readonly StreamToRead[] | undefined): Deaths {
  const [state, setState] = useState<State>(nothing)
  const [round, setRound] = useState(0)
  const [isAsked, setAsked] = useState(false)
  const hasRead = useRef(false)
  const known = streams?.map(({ vhost, name, messages }) => {
    return `${encodeName(vhost)} ${encodeName(name)} ${messages}`
  })
  const what = known?.join('\n')
  useEffect(() => {
    if (streams === undefined) return undefined
    const own = new AbortController()
    const begin = (): void => {
      hasRead.current = true
      const max = isAsked ? Infinity : limits.unaskedMax
      void readAll(streams, { max, signal: own.signal, tell: setState })
    }
    const timer = setTimeout(begin, hasRead.current ? limits.settleMs : 0)
    return () => {
      clearTimeout(timer)
      own.abort()
    }
  }, [what, round, isAsked])
  const readings = [...state.readings.values()]
  const add = (key: 'looked' | 'total' | 'others'): number =>
    readings.reduce((sum, reading) => sum + reading[key], 0)
  const isKnown = readings.length > 0 || !state.isReading
  return {
    groups: isKnown ? sorted(readings) : undefined,
    looked: add('looked'),
    total: add('total'),
    others: add('others'),
    isWhole: !state.isReading && readings.every(({ next }) => next === null),
    isReading: state.isReading,
    problem: state.problem,
    readOn: () => setAsked(true),
    again: () => {
      hasRead.current = false
      setRound(round + 1)
    },
  }
}

function sorted(readings: readonly Reading[]): Group[] {
  return readings
    .flatMap(({ groups }) => [...groups.values()])
    .toSorted((a, b) => b.count - a.count || b.last - a.last)
}

interface ReadOptions {
  readonly max: number
  readonly signal: AbortSignal
  readonly tell: (change: (state: State) => State) => void
}

/** What was known of a stream stays until its new reading has come to an end, or as far. */
async function readAll(streams: readonly StreamToRead[], options: ReadOptions): Promise<void> {
  const { tell, signal } = options
  tell((state) => ({ ...state, isReading: true }))
  const keys = new Set<string>()
  let problem: Error | undefined
  for (const stream of streams) {
    const key = `${encodeName(stream.vhost)} ${encodeName(stream.name)}`
    keys.add(key)
    try {
      await readOne(stream, key, options)
    } catch (error) {
      if (signal.aborted) return
      problem = error as Problem
    }
  }
  if (signal.aborted) return
  tell(({ readings }) => ({
    readings: new Map([...readings].filter(([key]) => keys.has(key))),
    isReading: false,
    problem,
  }))
}

async function readOne(
  { vhost, name, messages }: StreamToRead,
  key: string,
  { max, signal, tell }: ReadOptions,
): Promise<void> {
  let reading = emptyReading({ vhost, name }, messages)
  let next: string | null = null
  do {
    const path = apiPath`/v1/dead-letters/${vhost}/${name}`
    const first =
      next === null ? { count: limits.firstCount } : { cursor: next, count: limits.partCount }
    const cursor = query(first)
    const part: DeathsJson = await ask<DeathsJson>('GET', path + cursor, undefined, { signal })
    if (signal.aborted) return
    reading = withPart(reading, part)
    next = part.next
    const shown = reading
    tell((state) => {
      const known = state.readings.get(key)
      const isBehind = known !== undefined && shown.next !== null && known.looked > shown.looked
      return isBehind ? state : { ...state, readings: new Map(state.readings).set(key, shown) }
    })
  } while (next !== null && reading.looked < max)
}
