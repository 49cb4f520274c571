// What is done to the streams that somebody has chosen. What it would touch is counted by a dry run first.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask, curlOf } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { decodeName, encodeName, query } from '../../lib/names.ts'
import type { ListPage } from '../../lib/rows.ts'
import { plainName, typedName } from '../../lib/show-name.ts'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { toast } from '../../parts/toast.tsx'
import { Name } from '../../parts/values.tsx'
import { commandOn } from './command-on.ts'
import { filterParams, type StreamsView } from './streams-query.ts'

export interface StreamId {
  readonly vhost: string
  readonly name: string
}

/** A stream as one text; a name may hold anything but what this puts between. */
export function keyOfStream({ vhost, name }: StreamId): string {
  return `${encodeName(vhost)} ${encodeName(name)}`
}

export function streamOfKey(key: string): StreamId {
  const [vhost = '', name = ''] = key.split(' ')
  return { vhost: decodeName(vhost), name: decodeName(name) }
}

/** As many as one request takes. */
export const chosenMax = 1000

type Verb = 'delete' | 'purge' | 'pause' | 'resume'

const verbs: Readonly<
  Record<Verb, { readonly does: string; readonly did: string; readonly cli: string }>
> = {
  delete: { does: 'Delete', did: 'Deleted', cli: 'rm' },
  purge: { does: 'Purge', did: 'Purged', cli: 'purge' },
  pause: { does: 'Pause', did: 'Paused', cli: 'queue pause' },
  resume: { does: 'Resume', did: 'Resumed', cli: 'queue resume' },
}

export function ChosenBar({
  chosen,
  total,
  view,
  onChoose,
}: {
  readonly chosen: ReadonlySet<string>
  readonly total: number
  readonly view: StreamsView
  readonly onChoose: (chosen: ReadonlySet<string>) => void
}): JSX.Element {
  const [verb, setVerb] = useState<Verb>()
  const mayChooseAll = total > chosen.size && total <= chosenMax
  return (
    <div class="streams-chosen" role="region" aria-label="Chosen streams">
      <b>{counted(chosen.size, 'stream')} chosen</b>
      <Button onClick={() => setVerb('pause')}>Pause …</Button>
      <Button onClick={() => setVerb('resume')}>Resume …</Button>
      <Button onClick={() => setVerb('purge')}>Purge …</Button>
      <Button kind="danger" onClick={() => setVerb('delete')}>
        Delete …
      </Button>
      {mayChooseAll && (
        <Button
          kind="quiet"
          onClick={() => {
            chooseAll(view).then(onChoose, (error: Error) => toast(error.message))
          }}
        >
          Choose all {count(total)}
        </Button>
      )}
      <Button kind="quiet" onClick={() => onChoose(new Set())}>
        Choose none
      </Button>
      {verb !== undefined && (
        <ChosenConfirm
          verb={verb}
          streams={[...chosen].slice(0, chosenMax).map(streamOfKey)}
          onClose={() => setVerb(undefined)}
          onDone={() => onChoose(new Set())}
        />
      )}
    </div>
  )
}

/** All that fit the filters, as many as one request may change. */
async function chooseAll(view: StreamsView): Promise<ReadonlySet<string>> {
  const keys = new Set<string>()
  for (let page = 1; page <= chosenMax / 500; page++) {
    const asked = { ...filterParams(view), columns: 'vhost,name', page, page_size: 500 }
    const { items, filtered_count: all } = await ask<ListPage<StreamId>>(
      'GET',
      `/v1/streams${query(asked)}`,
    )
    for (const stream of items) keys.add(keyOfStream(stream))
    if (keys.size >= all) break
  }
  return keys
}

interface Outcome {
  readonly done: readonly (StreamId & { readonly messages: number; readonly consumers: number })[]
  readonly refused: readonly (StreamId & { readonly reason: string })[]
}

export interface ChosenConfirmProps {
  readonly verb: Verb
  readonly streams: readonly StreamId[]
  readonly onClose: () => void
  /** Called with whether all of it was done. */
  readonly onDone: () => void
}

/** Asks with the exact counts of a dry run, and does it. */
export function ChosenConfirm({ verb, streams, onClose, onDone }: ChosenConfirmProps): JSX.Element {
  const [dry, setDry] = useState<Outcome>()
  const [problem, setProblem] = useState<string>()
  const path = `/v1/streams/${verb}`
  useEffect(() => {
    ask<Outcome>('POST', path, { streams, dry_run: true }).then(setDry, (error: Error) =>
      setProblem(error.message),
    )
  }, [])
  const [only] = streams.length === 1 ? streams : []
  const what = only === undefined ? counted(streams.length, 'stream') : plainName(only.name)
  const run = async (): Promise<void> => {
    const { done, refused } = await ask<Outcome>('POST', path, { streams })
    refresh()
    if (refused.length > 0) {
      setDry({ done, refused })
      throw new Error(`${counted(done.length, 'stream')} done, ${count(refused.length)} refused`)
    }
    toast(`${did} ${what}`)
    onDone()
  }
  const { does, did, cli } = verbs[verb]
  return (
    <Confirm
      title={`${does} ${what}`}
      effect={problem ?? effectOf(verb, dry, what)}
      verb={`${does} ${what}`}
      kind={verb === 'delete' || verb === 'purge' ? 'danger' : 'primary'}
      {...(verb === 'delete' && {
        typed: only === undefined ? what : typedName(only.name, 'this stream'),
      })}
      cli={only && commandOn(cli, only)}
      curl={curlOf('POST', path, { streams })}
      isDisabled={dry === undefined || dry.done.length === 0}
      run={run}
      onClose={onClose}
    >
      {dry !== undefined && dry.refused.length > 0 && <Refused refused={dry.refused} />}
    </Confirm>
  )
}

function effectOf(verb: Verb, dry: Outcome | undefined, what: string): string {
  if (dry === undefined) return 'Counting what it would touch …'
  const { done } = dry
  if (done.length === 0) return 'Nothing of it can be done.'
  const messages = done.reduce((sum, each) => sum + each.messages, 0)
  const consumers = done.reduce((sum, each) => sum + each.consumers, 0)
  const subject =
    done.length === 1 ? (what.length > 60 ? 'the stream' : what) : counted(done.length, 'stream')
  if (verb === 'pause') {
    return `Nothing of ${subject} is delivered until it is resumed. ${counted(messages, 'message')} ${messages === 1 ? 'stays' : 'stay'}, publishers go on, and ${counted(consumers, 'consumer')} ${consumers === 1 ? 'gets' : 'get'} none. Messages still expire, and limits still hold.`
  }
  if (verb === 'resume') {
    return `${counted(consumers, 'consumer')} ${consumers === 1 ? 'gets' : 'get'} what waits: ${counted(messages, 'message')} of ${subject}.`
  }
  if (verb === 'purge') {
    return `Drops ${counted(messages, 'ready message')} of ${subject}. What consumers hold unacked stays. It cannot be undone.`
  }
  const lose =
    consumers === 0
      ? 'Nobody consumes them now'
      : `${counted(consumers, 'consumer')} ${consumers === 1 ? 'loses' : 'lose'} ${done.length === 1 ? 'it' : 'them'}`
  return `Deletes ${subject} with ${counted(messages, 'message')} and all bindings. ${lose}. It cannot be undone.`
}

function Refused({ refused }: { readonly refused: Outcome['refused'] }): JSX.Element {
  return (
    <div class="streams-outcome">
      <p>{counted(refused.length, 'stream')} are left as they are:</p>
      <ul>
        {refused.slice(0, 20).map((stream) => (
          <li key={keyOfStream(stream)}>
            <Name value={stream.name} /> <span class="soft">{stream.reason}</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
