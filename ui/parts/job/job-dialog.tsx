// Asks where messages are to go, how fast, and what if they are refused; says by a dry run what that would do; and
// begins the job.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { JobJson, PreviewJson } from '../../../src/admin/v1/job-json.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { apiPath, query } from '../../lib/names.ts'
import { plainName } from '../../lib/show-name.ts'
import { Confirm } from '../confirm.tsx'
import { Choice, Field } from '../field.tsx'
import {
  bodyOf,
  cliOf,
  defaultExchange,
  type JobForm,
  type JobKind,
  type JobSource,
  jobVerbs,
  type OnRefused,
  type To,
  verbOf,
} from './job-asked.ts'
import { JobEffect, type JobPreview, willDoNothing } from './job-effect.tsx'
import './job-dialog.css'

export interface JobDialogProps {
  readonly source: JobSource
  /** Which kinds may be chosen; the first is meant. */
  readonly kinds: readonly JobKind[]
  readonly onBegun: (id: string) => void
  readonly onClose: () => void
}

export function JobDialog({ source, kinds, onBegun, onClose }: JobDialogProps): JSX.Element {
  const [form, setForm] = useState<JobForm>(() => formFor(kinds[0] ?? 'redrive'))
  const { vhost, name } = source.stream
  const path = apiPath`/v1/jobs/${vhost}`
  const body = bodyOf(form, source)
  const preview = usePreview(path, body)
  const change = (changes: Partial<JobForm>): void => setForm({ ...form, ...changes })
  const { kind } = form
  const found = preview.data
  const number = found?.is_all === true ? found.messages : undefined
  return (
    <Confirm
      title={`${jobVerbs[kind]} messages of ${plainName(name)}`}
      effect={
        <JobEffect {...{ kind, source, preview }} missing={isText(body) ? body : undefined} />
      }
      verb={verbOf(form, number, found?.targets ?? [])}
      kind={kind === 'delete' ? 'danger' : 'primary'}
      cli={isText(body) ? undefined : cliOf(form, source)}
      curl={isText(body) ? undefined : curlOf('POST', path, body)}
      isDisabled={isText(body) || found === undefined || willDoNothing(found)}
      run={async () => onBegun((await ask<JobJson>('POST', path, body)).id)}
      onClose={onClose}
    >
      <div class="job-form">
        {kinds.length > 1 && (
          <Choice
            label="What to do"
            value={kind}
            options={kinds.map((value) => ({ value, label: jobVerbs[value] }))}
            onChange={(value) => setForm({ ...formFor(value), rate: form.rate })}
          />
        )}
        {kind !== 'delete' && <Target vhost={vhost} form={form} change={change} />}
        <Pace form={form} change={change} />
      </div>
    </Confirm>
  )
}

function isText(body: object | string): body is string {
  return typeof body === 'string'
}

function formFor(kind: JobKind): JobForm {
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

function Target({
  vhost,
  form: { to, name, key },
  change,
}: FormProps & { readonly vhost: string }): JSX.Element {
  const names = useNames(to, vhost)
  return (
    <>
      <Field label="To">
        <select
          value={to}
          onChange={({ currentTarget }) => change({ to: currentTarget.value as To, name: '' })}
        >
          {places.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      <datalist id="job-targets">
        {names.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      {to === 'queue' && (
        <Text
          label="Queue"
          list="job-targets"
          value={name}
          set={(text) => change({ name: text })}
        />
      )}
      {to === 'exchange' && (
        <div class="job-pair">
          <Text
            label="Exchange"
            list="job-targets"
            value={name}
            set={(text) => change({ name: text })}
          />
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

/** Some names of what they may go to, to choose from. */
function useNames(to: To, vhost: string): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([])
  useEffect(() => {
    if (to !== 'queue' && to !== 'exchange') return
    const path =
      to === 'queue'
        ? `/v1/streams${query({ vhost, page: 1, page_size: 200, columns: 'name' })}`
        : apiPath`/exchanges/${vhost}` + query({ page: 1, page_size: 200, columns: 'name' })
    ask<{ readonly items: readonly { readonly name: string }[] }>('GET', path).then(
      ({ items }) => setNames(items.map(({ name }) => (name === '' ? defaultExchange : name))),
      () => setNames([]),
    )
  }, [to, vhost])
  return names
}

function Text({
  label,
  hint,
  list,
  value,
  set,
}: {
  readonly label: string
  readonly hint?: string
  /** Names to choose from. */
  readonly list?: string
  readonly value: string
  readonly set: (text: string) => void
}): JSX.Element {
  return (
    <Field label={label} hint={hint}>
      <input
        type="text"
        class="mono"
        list={list}
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

const typingMs = 250

/** What the job would do; asked again when the form changes. */
function usePreview(path: string, body: object | string): JobPreview {
  const [previewed, setPreviewed] = useState<JobPreview>({})
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
