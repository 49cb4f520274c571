// Asks where messages are to go, how fast, and what if they are refused; says by a dry run what that would do; and
// begins the job.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { JobJson, PreviewJson } from '../../../src/admin/v1/job-json.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { bytes, count, counted } from '../../lib/format.ts'
import { apiPath } from '../../lib/names.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { Name } from '../../parts/values.tsx'
import {
  bodyOf,
  cliOf,
  type JobForm,
  type JobSource,
  type Kind,
  type OnRefused,
  type To,
  verbOf,
} from './job-asked.ts'
import './job-dialog.css'

export interface JobDialogProps {
  readonly source: JobSource
  /** Which kinds may be chosen; the first is meant. */
  readonly kinds: readonly Kind[]
  readonly onBegun: (id: string) => void
  readonly onClose: () => void
}

export function JobDialog({ source, kinds, onBegun, onClose }: JobDialogProps): JSX.Element {
  const [form, setForm] = useState<JobForm>(() => formFor(kinds[0] ?? 'redrive'))
  const { vhost } = source.stream
  const path = apiPath`/v1/jobs/${vhost}`
  const body = bodyOf(form, source)
  const preview = usePreview(path, body)
  const change = (changes: Partial<JobForm>): void => setForm({ ...form, ...changes })
  const { kind } = form
  const found = preview.data
  const number = found?.is_all === true ? found.messages : undefined
  return (
    <Confirm
      title={titles[kind]}
      effect={<Effect kind={kind} body={body} preview={preview} />}
      verb={verbOf(form, number, found?.targets ?? [])}
      kind={kind === 'delete' ? 'danger' : 'primary'}
      cli={cliOf(form, source)}
      curl={typeof body === 'string' ? undefined : curlOf('POST', path, body)}
      isDisabled={typeof body === 'string' || found === undefined || isNothing(found)}
      run={async () => {
        const job = await ask<JobJson>('POST', path, body)
        onBegun(job.id)
      }}
      onClose={onClose}
    >
      <div class="job-form">
        {kinds.length > 1 && (
          <Choice
            label="What to do"
            value={kind}
            options={kinds.map((value) => ({ value, label: words[value] }))}
            onChange={(value) => setForm({ ...formFor(value), rate: form.rate })}
          />
        )}
        {kind !== 'delete' && <Target form={form} change={change} />}
        <Pace form={form} change={change} />
      </div>
    </Confirm>
  )
}

const words: Readonly<Record<Kind, string>> = {
  redrive: 'Redrive',
  move: 'Move',
  copy: 'Copy',
  delete: 'Delete',
}

const titles: Readonly<Record<Kind, string>> = {
  redrive: 'Redrive these messages',
  move: 'Move these messages',
  copy: 'Copy these messages',
  delete: 'Delete these messages',
}

function formFor(kind: Kind): JobForm {
  const to = kind === 'redrive' ? 'origin' : 'queue'
  return { kind, to, name: '', key: '', rate: '', onRefused: 'stop' }
}

interface FormProps {
  readonly form: JobForm
  readonly change: (changes: Partial<JobForm>) => void
}

const places: readonly { readonly value: To; readonly label: string }[] = [
  { value: 'origin', label: 'the queue in which each died first' },
  { value: 'address', label: 'the exchange to which each was published' },
  { value: 'queue', label: 'one queue' },
  { value: 'exchange', label: 'an exchange' },
]

function Target({ form: { to, name, key }, change }: FormProps): JSX.Element {
  return (
    <>
      <Field label="To">
        <select
          value={to}
          onChange={({ currentTarget }) => change({ to: currentTarget.value as To })}
        >
          {places.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      {to === 'queue' && <Text label="Queue" value={name} set={(text) => change({ name: text })} />}
      {to === 'exchange' && (
        <div class="job-pair">
          <Text label="Exchange" value={name} set={(text) => change({ name: text })} />
          <Text
            label="Routing key"
            hint="Left empty, each keeps its own"
            value={key}
            set={(text) => change({ key: text })}
          />
        </div>
      )}
    </>
  )
}

function Text({
  label,
  hint,
  value,
  set,
}: {
  readonly label: string
  readonly hint?: string
  readonly value: string
  readonly set: (text: string) => void
}): JSX.Element {
  return (
    <Field label={label} hint={hint}>
      <input
        type="text"
        class="mono"
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </Field>
  )
}

const refusals: readonly { readonly value: OnRefused; readonly label: string }[] = [
  { value: 'stop', label: 'stop before it; you can resume' },
  { value: 'wait', label: 'wait and try it again: 1 s, 2 s … 1 min' },
  { value: 'skip', label: 'leave it where it is and go on' },
]

function Pace({ form: { kind, rate, onRefused }, change }: FormProps): JSX.Element {
  return (
    <div class="job-pair">
      <Field label="At most, messages a second" hint="Left empty, as fast as it goes">
        <input
          type="text"
          inputMode="decimal"
          autocomplete="off"
          value={rate}
          onInput={({ currentTarget }) => change({ rate: currentTarget.value.trim() })}
        />
      </Field>
      {kind !== 'delete' && (
        <Field label="If the target refuses one">
          <select
            value={onRefused}
            onChange={({ currentTarget }) =>
              change({ onRefused: currentTarget.value as OnRefused })
            }
          >
            {refusals.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </Field>
      )}
    </div>
  )
}

interface Previewed {
  readonly data?: PreviewJson
  readonly problem?: string
}

const typingMs = 250

/** What the job would do; asked again when the form changes. */
function usePreview(path: string, body: object | string): Previewed {
  const [previewed, setPreviewed] = useState<Previewed>({})
  const text = JSON.stringify(body)
  useEffect(() => {
    setPreviewed({})
    if (typeof body === 'string') return undefined
    const own = new AbortController()
    const timer = setTimeout(() => {
      const { signal } = own
      ask<PreviewJson>('POST', `${path}/preview`, body, { signal }).then(
        (data) => setPreviewed({ data }),
        (error: Error) => signal.aborted || setPreviewed({ problem: error.message }),
      )
    }, typingMs)
    return () => {
      clearTimeout(timer)
      own.abort()
    }
  }, [text])
  return previewed
}

function isNothing({ messages, is_all: isAll }: PreviewJson): boolean {
  return messages === 0 && isAll
}

interface EffectProps {
  readonly kind: Kind
  readonly body: object | string
  readonly preview: Previewed
}

function Effect({ kind, body, preview: { data, problem } }: EffectProps): JSX.Element {
  if (typeof body === 'string') return <span>{body}</span>
  if (problem !== undefined) return <span class="job-problem">{problem}</span>
  if (data === undefined) return <span>Counting what it would touch …</span>
  const more = data.is_all ? '' : ' or more'
  const number = `${counted(data.messages, 'message')}${more}, ${bytes(data.bytes)}`
  return (
    <span class="job-effect">
      <span>{isNothing(data) ? nothingWords[kind] : `${effects[kind]} ${number}.`}</span>
      {data.targets.slice(0, 5).map(({ queue, messages }) => (
        <span key={queue}>
          {count(messages)} to <Name value={queue} />
        </span>
      ))}
      {data.targets.length > 5 && <span>and to {count(data.targets.length - 5)} other queues</span>}
      {data.skipped.map(({ reason, count: number_ }) => (
        <span key={reason} class="job-skips">
          {counted(number_, 'message')} cannot: {reason}
        </span>
      ))}
      <span class="soft">{afterwards[kind]}</span>
    </span>
  )
}

const effects: Readonly<Record<Kind, string>> = {
  redrive: 'Takes out and sends back',
  move: 'Takes out and sends on',
  copy: 'Sends on copies of',
  delete: 'Drops',
}
const nothingWords: Readonly<Record<Kind, string>> = {
  redrive: 'There is nothing to redrive.',
  move: 'There is nothing to move.',
  copy: 'There is nothing to copy.',
  delete: 'There is nothing to delete.',
}
const afterwards: Readonly<Record<Kind, string>> = {
  redrive: 'It can be undone for what nobody has taken by then.',
  move: 'It can be undone for what nobody has taken by then.',
  copy: 'The messages stay here as well.',
  delete: 'It cannot be undone.',
}
