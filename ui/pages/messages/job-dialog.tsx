// Redrives, moves, copies or deletes messages: those that were chosen, or those that the filter finds. Says first how
// many, and where they would go.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { FilterJson } from '../../../src/admin/v1/filter-schema.ts'
import type { JobJson, PreviewJson } from '../../../src/admin/v1/job-json.ts'
import { ask, curlOf, shellQuoted } from '../../lib/api.ts'
import { bytes, counted } from '../../lib/format.ts'
import { apiPath, query } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { whichWords } from './copy-as.ts'
import { isEmptyFilter } from './filter-terms.ts'
import type { Message, StreamRef } from './message.ts'

export type JobKind = 'redrive' | 'move' | 'copy' | 'delete'

/** Which messages: some by their places, or all that a filter finds. */
export type JobScope =
  | { readonly kind: 'chosen'; readonly messages: readonly Message[] }
  | { readonly kind: 'filter'; readonly filter: FilterJson }

export interface JobDialogProps {
  readonly stream: StreamRef
  readonly kind: JobKind
  readonly scope: JobScope
  readonly onBegun: (id: string) => void
  readonly onClose: () => void
}

type TargetKind = 'origin' | 'queue' | 'exchange'

interface Target {
  readonly kind: TargetKind
  readonly name: string
  readonly routingKey: string
}

const verbs = { redrive: 'Redrive', move: 'Move', copy: 'Copy', delete: 'Delete' }
const thirdVerbs = { redrive: 'Redrives', move: 'Moves', copy: 'Copies', delete: 'Deletes' }

export function JobDialog({ stream, kind, scope, onBegun, onClose }: JobDialogProps): JSX.Element {
  const [target, setTarget] = useState<Target>({
    kind: kind === 'redrive' ? 'origin' : 'queue',
    name: '',
    routingKey: '',
  })
  const [perSecond, setPerSecond] = useState('')
  const [isSkipping, setSkipping] = useState(false)
  const isComplete = kind === 'delete' || target.kind === 'origin' || target.name !== ''
  const body = bodyOf({ stream, kind, scope, target, perSecond, isSkipping })
  const path = apiPath`/v1/jobs/${stream.vhost}`
  const preview = usePreview(path, body, isComplete)
  const number = preview.data === undefined ? '' : ` ${counted(preview.data.messages, 'message')}`
  return (
    <Confirm
      title={`${verbs[kind]} messages of ${plainName(stream.name)}`}
      effect={effectOf({ kind, scope, stream, preview, isComplete })}
      verb={`${verbs[kind]}${number}`}
      kind={kind === 'delete' ? 'danger' : 'primary'}
      isDisabled={!isComplete || preview.data === undefined || preview.data.messages === 0}
      cli={
        scope.kind === 'filter'
          ? commandOf({ stream, kind, scope, target, perSecond, isSkipping })
          : undefined
      }
      curl={curlOf('POST', path, body)}
      run={async () => onBegun((await ask<JobJson>('POST', path, body)).id)}
      onClose={onClose}
    >
      {kind !== 'delete' && (
        <TargetFields {...{ kind, target, onChange: setTarget, vhost: stream.vhost }} />
      )}
      <Field label="Messages per second, at most" hint="Left empty, as fast as it goes">
        <input
          type="number"
          min="1"
          inputMode="numeric"
          value={perSecond}
          onInput={({ currentTarget }) => setPerSecond(currentTarget.value)}
        />
      </Field>
      {kind !== 'delete' && (
        <label class="job-dialog-check">
          <input
            type="checkbox"
            checked={isSkipping}
            onChange={({ currentTarget }) => setSkipping(currentTarget.checked)}
          />
          Leave a message where it is when its target refuses it, and go on
        </label>
      )}
      <PreviewNote preview={preview} />
    </Confirm>
  )
}

function TargetFields({
  kind,
  target,
  onChange,
  vhost,
}: {
  readonly kind: JobKind
  readonly target: Target
  readonly onChange: (target: Target) => void
  readonly vhost: string
}): JSX.Element {
  const names = useNames(target.kind, vhost)
  const places: { readonly value: TargetKind; readonly label: string }[] = [
    { value: 'queue', label: 'A stream' },
    { value: 'exchange', label: 'An exchange' },
  ]
  if (kind === 'redrive') places.unshift({ value: 'origin', label: 'Where each died' })
  return (
    <>
      <Choice
        label="Target"
        value={target.kind}
        options={places}
        onChange={(to) => onChange({ ...target, kind: to, name: '' })}
      />
      {target.kind !== 'origin' && (
        <Field label={target.kind === 'queue' ? 'To stream' : 'To exchange'}>
          <input
            type="text"
            list="job-targets"
            autocomplete="off"
            spellcheck={false}
            value={target.name}
            onInput={({ currentTarget }) => onChange({ ...target, name: currentTarget.value })}
          />
          <datalist id="job-targets">
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </Field>
      )}
      {target.kind === 'exchange' && (
        <Field label="Routing key" hint="Left empty, each message keeps its own">
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            value={target.routingKey}
            onInput={({ currentTarget }) =>
              onChange({ ...target, routingKey: currentTarget.value })
            }
          />
        </Field>
      )}
    </>
  )
}

/** Some names of what it may go to, to choose from. */
function useNames(kind: TargetKind, vhost: string): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([])
  useEffect(() => {
    if (kind === 'origin') return
    const path =
      kind === 'queue'
        ? `/v1/streams${query({ vhost, page: 1, page_size: 200, columns: 'name' })}`
        : apiPath`/exchanges/${vhost}` + query({ page: 1, page_size: 200, columns: 'name' })
    ask<{ readonly items: readonly { readonly name: string }[] }>('GET', path).then(
      ({ items }) => setNames(items.map(({ name }) => name).filter((name) => name !== '')),
      () => setNames([]),
    )
  }, [kind, vhost])
  return names
}

interface Asked {
  readonly stream: StreamRef
  readonly kind: JobKind
  readonly scope: JobScope
  readonly target: Target
  readonly perSecond: string
  readonly isSkipping: boolean
}

function bodyOf({ stream, kind, scope, target, perSecond, isSkipping }: Asked): object {
  const which =
    scope.kind === 'chosen'
      ? { messages: scope.messages.map(({ partition, offset }) => ({ partition, offset })) }
      : isEmptyFilter(scope.filter)
        ? {}
        : { filter: scope.filter }
  return {
    kind,
    queue: stream.name,
    ...which,
    ...(kind !== 'delete' && { target: targetOf(target) }),
    ...(isSkipping && { on_refused: 'skip' }),
    ...(Number(perSecond) > 0 && { messages_per_second: Number(perSecond) }),
  }
}

function targetOf({ kind, name, routingKey }: Target): object {
  if (kind === 'origin') return { to: 'origin' }
  if (kind === 'queue') return { to: 'queue', name }
  const exchange = name === 'amq.default' ? '' : name
  return { to: 'exchange', name: exchange, ...(routingKey !== '' && { routing_key: routingKey }) }
}

function commandOf({
  stream,
  kind,
  scope,
  target,
  perSecond,
  isSkipping,
}: Asked): string | undefined {
  const filter = scope.kind === 'filter' ? scope.filter : {}
  // The command for dead letters takes no filter.
  if (kind === 'redrive' && !isEmptyFilter(filter)) return undefined
  const words = kind === 'redrive' ? ['pabal', 'dlq', 'redrive'] : ['pabal', 'job', kind]
  words.push(stream.name)
  if (kind !== 'delete' && target.kind === 'queue') words.push('--to-queue', target.name)
  if (kind !== 'delete' && target.kind === 'exchange') {
    words.push('--to-exchange', target.name)
    if (target.routingKey !== '') words.push('--key', target.routingKey)
  }
  words.push(...whichWords({ vhost: stream.vhost, partition: undefined, filter }))
  if (isSkipping) words.push('--skip')
  if (Number(perSecond) > 0) words.push('--rate', perSecond)
  return words.map(shellQuoted).join(' ')
}

interface Preview {
  readonly data?: PreviewJson
  readonly problem?: string
}

/** What it would do, asked for when nothing was typed for a moment. */
function usePreview(path: string, body: object, isComplete: boolean): Preview {
  const [preview, setPreview] = useState<Preview & { readonly of?: string }>({})
  const text = JSON.stringify(body)
  useEffect(() => {
    if (!isComplete) return undefined
    const stop = new AbortController()
    const timer = setTimeout(() => {
      ask<PreviewJson>('POST', `${path}/preview`, JSON.parse(text), { signal: stop.signal }).then(
        (data) => setPreview({ data, of: text }),
        (error: unknown) => {
          if (stop.signal.aborted) return
          setPreview({ problem: error instanceof Error ? error.message : String(error), of: text })
        },
      )
    }, 200)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [path, text, isComplete])
  return isComplete && preview.of === text ? preview : {}
}

function effectOf(props: {
  readonly kind: JobKind
  readonly scope: JobScope
  readonly stream: StreamRef
  readonly preview: Preview
  readonly isComplete: boolean
}): string {
  const { kind, scope, stream, preview, isComplete } = props
  if (!isComplete) return 'Say where they go, and this says how many it would be.'
  if (preview.data === undefined) {
    return preview.problem === undefined
      ? 'Looks how many it would be …'
      : 'It cannot be done as it is.'
  }
  const { messages, bytes: size, is_all: isAll } = preview.data
  const number = `${isAll ? '' : 'at least '}${counted(messages, 'message')} (${bytes(size)})`
  const end = kind === 'delete' && messages > 0 ? ' They cannot be brought back.' : ''
  return `${thirdVerbs[kind]} ${number} of ${plainName(stream.name)}${whichText(scope, messages)}.${end}`
}

/** Which they are, where that is not clear. */
function whichText(scope: JobScope, count: number): string {
  if (scope.kind === 'filter') {
    return isEmptyFilter(scope.filter) ? ', all that are ready' : ', all that the filter finds'
  }
  const chosen = scope.messages.length
  return chosen === count ? '' : `, of ${chosen} that you chose: the others are not ready`
}

function PreviewNote({ preview: { data, problem } }: { readonly preview: Preview }): JSX.Element {
  if (problem !== undefined) {
    return (
      <p class="confirm-problem" role="alert">
        {problem}
      </p>
    )
  }
  return (
    <ul class="job-dialog-preview" aria-live="polite">
      {data?.targets.map(({ queue, messages }) => (
        <li key={queue}>
          {counted(messages, 'message')} to <b class="mono">{plainName(queue)}</b>
        </li>
      ))}
      {data?.skipped.map(({ reason, count }) => (
        <li key={reason} class="job-dialog-skipped">
          {counted(count, 'message')} not: {reason}
        </li>
      ))}
    </ul>
  )
}
