// Looks for messages in all queues and topics of a virtual host, request by request, and says how far it is.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { FilterJson } from '../../../src/admin/v1/filter-schema.ts'
import type { FoundMessageJson, MessageSearchJson } from '../../../src/admin/v1/search-operation.ts'
import { ask } from '../../lib/api.ts'
import { apiPath } from '../../lib/names.ts'

export interface Finding {
  readonly state: 'idle' | 'looking' | 'done' | 'stopped'
  readonly found: readonly FoundMessageJson[]
  /** Undefined before the first answer. */
  readonly last: MessageSearchJson | undefined
  readonly problem: Error | undefined
}

export interface FindNow extends Finding {
  readonly begin: (vhost: string, filter: FilterJson) => void
  readonly stop: () => void
  readonly forget: () => void
}

/** More are no few messages that somebody looks for. */
const foundMax = 300
const nothing: Finding = { state: 'idle', found: [], last: undefined, problem: undefined }

export function useFindNow(): FindNow {
  const [finding, setFinding] = useState<Finding>(nothing)
  const stopping = useRef<AbortController>(undefined)
  useEffect(() => () => stopping.current?.abort(), [])
  return {
    ...finding,
    begin(vhost, filter) {
      stopping.current?.abort()
      const own = new AbortController()
      stopping.current = own
      setFinding({ ...nothing, state: 'looking' })
      void look({ vhost, filter, signal: own.signal }, setFinding)
    },
    stop() {
      stopping.current?.abort()
      setFinding((before) => ({ ...before, state: 'stopped' }))
    },
    forget() {
      stopping.current?.abort()
      setFinding(nothing)
    },
  }
}

interface Looking {
  readonly vhost: string
  readonly filter: FilterJson
  readonly signal: AbortSignal
}

async function look(
  { vhost, filter, signal }: Looking,
  tell: (change: (before: Finding) => Finding) => void,
): Promise<void> {
  let cursor: string | null | undefined
  let foundCount = 0
  try {
    while (cursor !== null && foundCount < foundMax) {
      const body = cursor === undefined ? { filter } : { filter, cursor }
      const path = apiPath`/v1/messages/${vhost}/search`
      const page: MessageSearchJson = await ask('POST', path, body, { signal })
      if (signal.aborted) return
      cursor = page.next
      foundCount += page.messages.length
      tell((before) => ({ ...before, last: page, found: [...before.found, ...page.messages] }))
    }
    tell((before) => ({ ...before, state: 'done' }))
  } catch (error) {
    if (signal.aborted) return
    const problem = error instanceof Error ? error : new Error(String(error))
    tell((before) => ({ ...before, state: 'stopped', problem }))
  }
}
