// Asks whether delayed messages are to go on now, or to be dropped: some that were chosen, or many of an exchange,
// which are counted first, and done part by part.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { toast } from '../../parts/toast.tsx'
import type { NextMessage } from './next-message.ts'

export interface EndAsked {
  readonly verb: 'fire' | 'cancel'
  /** These, … */
  readonly messages?: readonly NextMessage[]
  /** … or those of an exchange that fit. */
  readonly of?: {
    readonly vhost: string
    readonly name: string
    readonly filter?: { readonly text: string } | undefined
  }
}

export interface EndDialogProps {
  readonly asked: EndAsked
  readonly onDone?: () => void
  readonly onClose: () => void
}

/** One call of the API, which is repeated while there is more. */
interface Call {
  readonly path: string
  readonly body: object
}

export function EndDialog({ asked, onDone, onClose }: EndDialogProps): JSX.Element {
  const { verb } = asked
  const calls = callsOf(asked)
  const { number, problem } = useCount(calls)
  const [done, setDone] = useState(0)
  const what = number === undefined ? 'messages' : counted(number, 'message')
  const word = verb === 'fire' ? 'Fire' : 'Cancel'
  const run = async (): Promise<void> => {
    const sum = await doAll(calls, {}, setDone)
    refresh()
    toast(`${counted(sum, 'message')} ${verb === 'fire' ? 'sent on' : 'dropped'}`)
    onDone?.()
  }
  const [first] = calls
  return (
    <Confirm
      title={`${word} delayed messages`}
      effect={problem ?? effectOf(asked, number, done)}
      verb={verb === 'fire' ? `Fire ${what} now` : `Cancel ${what}`}
      kind={verb === 'fire' ? 'primary' : 'danger'}
      cli={cliOf(asked)}
      curl={first && curlOf('POST', first.path, first.body)}
      isDisabled={number === undefined || number === 0}
      run={run}
      onClose={onClose}
    />
  )
}

function callsOf({ verb, messages = [], of }: EndAsked): Call[] {
  if (of !== undefined) {
    const { vhost, name, filter } = of
    const path = apiPath`/v1/delayed-messages/${vhost}/${name}`
    return [{ path: `${path}/${verb}`, body: filter === undefined ? {} : { filter } }]
  }
  const byExchange = new Map<string, string[]>()
  for (const { vhost, at_exchange: exchange, place } of messages) {
    const path = `${apiPath`/v1/delayed-messages/${vhost}/${exchange}`}/${verb}`
    const places = byExchange.get(path) ?? []
    places.push(place)
    byExchange.set(path, places)
  }
  return Array.from(byExchange, ([path, places]) => ({ path, body: { places } }))
}

interface Part {
  readonly messages: number
  readonly next: string | null
}

async function doAll(
  calls: readonly Call[],
  more: object,
  tell: (count: number) => void,
): Promise<number> {
  let sum = 0
  for (const { path, body } of calls) {
    let cursor: string | null = null
    do {
      const part: Part = await ask<Part>('POST', path, {
        ...body,
        ...more,
        ...(cursor !== null && { cursor }),
      })
      sum += part.messages
      cursor = part.next
      tell(sum)
    } while (cursor !== null)
  }
  return sum
}

/** How many it would be, by a dry run; undefined until that is known. */
function useCount(calls: readonly Call[]): {
  readonly number: number | undefined
  readonly problem: string | undefined
} {
  const [number, setNumber] = useState<number>()
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    doAll(calls, { dry_run: true }, () => {}).then(setNumber, (error: Error) =>
      setProblem(error.message),
    )
  }, [])
  return { number, problem }
}

function effectOf({ verb, of }: EndAsked, number: number | undefined, done: number): string {
  if (number === undefined) return 'Counting what it would touch …'
  if (done > 0) return `${count(done)} of ${count(number)} done …`
  if (number === 0) return 'None of them waits any more.'
  const where = of === undefined ? '' : ` of ${plainName(of.name)}`
  const what = `${counted(number, 'delayed message')}${where}`
  if (verb === 'fire') return `Sends ${what} on now, to what is bound to their exchange.`
  return `Drops ${what}. It cannot be undone.`
}

/** Undefined where no command does it: for several that were chosen. */
function cliOf({ verb, messages = [], of }: EndAsked): string | undefined {
  if (of !== undefined) {
    const { vhost, name, filter } = of
    const flags = filter === undefined ? [] : [`--text ${shellQuoted(filter.text)}`]
    return commandOf(verb, { vhost, name }, flags)
  }
  const [only] = messages
  if (only === undefined || messages.length > 1) return undefined
  const { vhost, at_exchange: name, place } = only
  return commandOf(verb, { vhost, name }, [`--place ${place}`])
}

function commandOf(
  verb: EndAsked['verb'],
  { vhost, name }: { readonly vhost: string; readonly name: string },
  flags: readonly string[],
): string {
  const inVHost = vhost === '/' ? [] : [`--vhost ${shellQuoted(vhost)}`]
  return ['pabal delayed', verb, shellQuoted(name), ...flags, ...inVHost].join(' ')
}
