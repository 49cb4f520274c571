// Makes a queue or a topic; below it stands the command that does the same.
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ask, curlOf } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { goToUrl } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { useIsCluster } from '../../lib/use-is-cluster.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Choice, Field } from '../../parts/field.tsx'
import { FormEnd } from '../../parts/form-end.tsx'
import { Panel } from '../../parts/panel.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { toast } from '../../parts/toast.tsx'
import { type CreateField, createFields, readCreate, type StreamKind } from './create-fields.ts'
import { type CreateRequest, createRequestOf, type Draft } from './create-request.ts'

const kinds: readonly {
  readonly value: StreamKind
  readonly label: string
  readonly says: string
}[] = [
  {
    value: 'queue',
    label: 'Queue',
    says: 'Each message goes to one consumer, and is gone when that has acked it. Kafka clients see it as a topic.',
  },
  {
    value: 'quorum',
    label: 'Quorum queue',
    says: 'A queue that counts how often a message came back, and has priorities. On one machine it is as safe as a classic one.',
  },
  {
    value: 'topic',
    label: 'Topic',
    says: 'Messages stay as long as it says. Groups of Kafka clients and AMQP stream consumers each read at their own pace.',
  },
]

export interface CreatePanelProps {
  /** As the URL has it. */
  readonly kind: string
  readonly vhosts: readonly string[]
  readonly vhost: string
  readonly onKind: (kind: StreamKind) => void
  readonly onClose: () => void
}

/** What most think of when they make one. */
const shownFirst: ReadonlySet<string> = new Set([
  'x-partitions',
  'x-max-age',
  'x-dead-letter-routing-key',
])

export function CreatePanel(props: CreatePanelProps): JSX.Element {
  const { onKind, onClose } = props
  const kind = kinds.find(({ value }) => value === props.kind) ?? kinds[0]!
  const [typed, setTyped] = useState<Omit<Draft, 'kind'>>({
    name: '',
    vhost: props.vhost,
    texts: {},
    isTransient: false,
    isSingleActive: false,
  })
  const draft: Draft = { ...typed, kind: kind.value }
  const change = (changes: Partial<Draft>): void => setTyped({ ...typed, ...changes })
  const { arguments: args, problems } = readCreate(draft)
  const isCluster = useIsCluster()
  const request = createRequestOf(draft, args, isCluster === true)
  const isReady = isCluster !== undefined && draft.name !== '' && Object.keys(problems).length === 0
  const run = useRun()
  const submit = (event: Event): void => {
    event.preventDefault()
    if (isReady) run.start(() => create(draft, request))
  }
  return (
    <Panel title="Create a stream" label="Create a stream" onClose={onClose}>
      <form class="streams-fields" onSubmit={submit}>
        <div>
          <Choice label="Kind" value={kind.value} options={kinds} onChange={onKind} />
        </div>
        <p class="soft">{kind.says}</p>
        <div class="streams-pair">
          <NameField value={draft.name} onChange={(name) => change({ name })} />
          <VHostField
            vhosts={props.vhosts}
            value={draft.vhost}
            onChange={(vhost) => change({ vhost })}
          />
        </div>
        <Settings draft={draft} problems={problems} onChange={change} />
        <FormEnd
          run={run}
          verb={`Create ${kind.label.toLowerCase()}`}
          isDisabled={!isReady}
          onClose={onClose}
        />
      </form>
      <AsCommand cli={request.cli} curl={curlOf(request.method, request.path, request.body)} />
    </Panel>
  )
}

/** Makes it and goes there. */
async function create(
  { vhost, name }: Draft,
  { method, path, body }: CreateRequest,
): Promise<void> {
  await ask(method, path, body)
  toast(`Created ${plainName(name)}`)
  refresh()
  goToUrl(streamUrl({ vhost, name }))
}

interface SettingsProps {
  readonly draft: Draft
  readonly problems: Readonly<Record<string, string>>
  readonly onChange: (changes: Partial<Draft>) => void
}

/** What most need stands; the rest is folded. */
function Settings({ draft, problems, onChange }: SettingsProps): JSX.Element {
  const fieldOf = ({ key, label, hint, placeholder }: CreateField): JSX.Element => (
    <Field key={key} label={label} hint={hint} problem={problems[key]}>
      <input
        type="text"
        autocomplete="off"
        placeholder={placeholder}
        value={draft.texts[key] ?? ''}
        onInput={({ currentTarget: { value } }) =>
          onChange({ texts: { ...draft.texts, [key]: value } })
        }
      />
    </Field>
  )
  const fields = createFields.filter(({ kinds: of }) => of.includes(draft.kind))
  const folded = fields.filter(({ key }) => !shownFirst.has(key))
  const shown = fields.filter(({ key }) => shownFirst.has(key))
  if (draft.kind === 'topic') return <div class="streams-pair">{fields.map(fieldOf)}</div>
  return (
    <>
      <div class="streams-pair">{shown.map(fieldOf)}</div>
      <details class="streams-more">
        <summary>Limits, order and what is kept</summary>
        <div class="streams-fields">
          <div class="streams-pair">{folded.map(fieldOf)}</div>
          <Tick
            isOn={draft.isSingleActive}
            onChange={(isSingleActive) => onChange({ isSingleActive })}
          >
            One consumer at a time gets messages, in order
          </Tick>
          {draft.kind === 'queue' && (
            <Tick isOn={draft.isTransient} onChange={(isTransient) => onChange({ isTransient })}>
              Transient: it goes with a restart of the broker
            </Tick>
          )}
        </div>
      </details>
    </>
  )
}

function NameField({
  value,
  onChange,
}: {
  readonly value: string
  readonly onChange: (name: string) => void
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  // The panel takes the focus first.
  useEffect(() => void requestAnimationFrame(() => input.current?.focus()), [])
  return (
    <Field label="Name">
      <input
        ref={input}
        type="text"
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Field>
  )
}

function VHostField({
  vhosts,
  value,
  onChange,
}: {
  readonly vhosts: readonly string[]
  readonly value: string
  readonly onChange: (vhost: string) => void
}): JSX.Element {
  return (
    <Field label="Virtual host">
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {(vhosts.length === 0 ? [value] : vhosts).map((vhost) => (
          <option key={vhost} value={vhost}>
            {plainName(vhost)}
          </option>
        ))}
      </select>
    </Field>
  )
}

function Tick({
  isOn,
  onChange,
  children,
}: {
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
  readonly children: string
}): JSX.Element {
  return (
    <label class="streams-tick">
      <input
        type="checkbox"
        checked={isOn}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />{' '}
      {children}
    </label>
  )
}
