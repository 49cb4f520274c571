// What the page changes: exchanges are declared and deleted, bindings added and removed.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { TopologyBindingJson, TopologyNodeJson } from '../../../src/admin/v1/topology-json.ts'
import { ask } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { refresh } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { plainName, typedName } from '../../lib/show-name.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { Field } from '../../parts/field.tsx'
import { toast } from '../../parts/toast.tsx'
import {
  type Action,
  bindAction,
  type BindingEnds,
  declareExchange,
  deleteExchange,
  unbindAction,
} from './commands.ts'
import { readPairs } from './pairs.ts'
import { bindingText } from './words.ts'

/** Which dialog is open, and for what. */
export type Opened =
  | { readonly kind: 'declare' }
  | { readonly kind: 'delete'; readonly exchange: string }
  | { readonly kind: 'bind'; readonly source: string }
  | { readonly kind: 'unbind'; readonly ends: BindingEnds; readonly binding: TopologyBindingJson }

export interface DialogsProps {
  readonly opened: Opened
  readonly vhost: string
  /** What there is to bind, as far as it is known. */
  readonly nodes: readonly TopologyNodeJson[]
  readonly onClose: () => void
  /** A new exchange is there. */
  readonly onDeclared: (name: string) => void
  readonly onDeleted: () => void
}

export function TopologyDialog(props: DialogsProps): JSX.Element {
  const { opened, onClose } = props
  switch (opened.kind) {
    case 'declare':
      return <DeclareDialog {...props} />
    case 'delete':
      return <DeleteDialog {...props} exchange={opened.exchange} />
    case 'bind':
      return <BindDialog {...props} source={opened.source} />
    default:
      return <UnbindDialog ends={opened.ends} binding={opened.binding} onClose={onClose} />
  }
}

async function runAnd(action: Action, said: string): Promise<void> {
  await action.run()
  refresh()
  toast(said)
}

const types = [
  'direct',
  'topic',
  'fanout',
  'headers',
  'x-consistent-hash',
  'x-random',
  'x-delayed-message',
]

function DeclareDialog({ vhost, onClose, onDeclared }: DialogsProps): JSX.Element {
  const [name, setName] = useState('')
  const [type, setType] = useState('topic')
  const [isDurable, setDurable] = useState(true)
  const [isInternal, setInternal] = useState(false)
  const [text, setText] = useState('')
  const pairs = readPairs(text)
  const action = declareExchange(vhost, name, {
    type,
    durable: isDurable,
    auto_delete: false,
    internal: isInternal,
    arguments: pairs.values ?? {},
  })
  return (
    <Confirm
      title="Declare an exchange"
      effect="Messages that are published to it go where its bindings lead."
      verb="Declare exchange"
      kind="primary"
      cli={action.cli}
      curl={action.curl}
      isDisabled={name === '' || pairs.problem !== undefined}
      run={() => runAnd(action, `${plainName(name)} is declared`).then(() => onDeclared(name))}
      onClose={onClose}
    >
      <Field label="Name">
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </Field>
      <Field label="Type">
        <select value={type} onChange={({ currentTarget }) => setType(currentTarget.value)}>
          {types.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
      </Field>
      <Field isInline label="It outlives a restart">
        <input
          type="checkbox"
          checked={isDurable}
          onChange={({ currentTarget }) => setDurable(currentTarget.checked)}
        />
      </Field>
      <Field isInline label="Only other exchanges publish to it">
        <input
          type="checkbox"
          checked={isInternal}
          onChange={({ currentTarget }) => setInternal(currentTarget.checked)}
        />
      </Field>
      <PairsField
        label="Arguments"
        hint="A line each, as alternate-exchange=unrouted"
        text={text}
        onChange={setText}
        problem={pairs.problem}
      />
    </Confirm>
  )
}

function DeleteDialog(props: DialogsProps & { readonly exchange: string }): JSX.Element {
  const { exchange, vhost, onClose, onDeleted } = props
  const [bound, setBound] = useState<number>()
  useEffect(() => {
    const list = (end: string): Promise<number> =>
      ask<{ readonly filtered_count: number }>(
        'GET',
        `${apiPath`/exchanges/${vhost}/${exchange}`}/bindings/${end}?page=1&page_size=1`,
      ).then(({ filtered_count: count }) => count)
    void Promise.all([list('source'), list('destination')]).then(
      ([from, to]) => setBound(from + to),
      () => setBound(0),
    )
  }, [vhost, exchange])
  const action = deleteExchange(vhost, exchange)
  const effect =
    bound === undefined
      ? 'Counting its bindings …'
      : `Deletes ${plainName(exchange)} and ${counted(bound, 'binding')}. Queues and their messages stay; what is published to it from then on is refused.`
  return (
    <Confirm
      title="Delete an exchange"
      effect={effect}
      typed={typedName(exchange, 'this exchange')}
      verb="Delete exchange"
      cli={action.cli}
      curl={action.curl}
      isDisabled={bound === undefined}
      run={() => runAnd(action, `${plainName(exchange)} is deleted`).then(onDeleted)}
      onClose={onClose}
    />
  )
}

interface BindProps extends Pick<DialogsProps, 'vhost' | 'nodes' | 'onClose'> {
  readonly source: string
}

function BindDialog({ vhost, nodes, source, onClose }: BindProps): JSX.Element {
  const [destination, setDestination] = useState('')
  const [isToExchange, setToExchange] = useState(false)
  const [key, setKey] = useState('')
  const [text, setText] = useState('')
  const pairs = readPairs(text)
  const ends = { vhost, source, destination, isToExchange }
  const action = bindAction(ends, { routing_key: key, arguments: pairs.values ?? {} })
  return (
    <Confirm
      title={`Bind to ${plainName(source)}`}
      effect="From then on it gets the messages that match; those of before do not come."
      verb="Add binding"
      kind="primary"
      cli={action.cli}
      curl={action.curl}
      isDisabled={destination === '' || pairs.problem !== undefined}
      run={() => runAnd(action, `${plainName(destination)} is bound`)}
      onClose={onClose}
    >
      <Field label="Queue, topic or exchange">
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          list="bindable"
          value={destination}
          onInput={({ currentTarget }) => setDestination(currentTarget.value)}
        />
      </Field>
      <datalist id="bindable">
        {nodes
          .filter(({ kind }) => (isToExchange ? kind === 'exchange' : isStream(kind)))
          .map(({ id, name }) => (
            <option key={id} value={name} />
          ))}
      </datalist>
      <Field isInline label="It is an exchange">
        <input
          type="checkbox"
          checked={isToExchange}
          onChange={({ currentTarget }) => setToExchange(currentTarget.checked)}
        />
      </Field>
      <Field label="Routing key" hint="Of a topic exchange a pattern: * is one word, # any number">
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={key}
          onInput={({ currentTarget }) => setKey(currentTarget.value)}
        />
      </Field>
      <PairsField
        label="Arguments"
        hint="Of a headers exchange a line each: x-match=any, region=eu"
        text={text}
        onChange={setText}
        problem={pairs.problem}
      />
    </Confirm>
  )
}

function isStream(kind: TopologyNodeJson['kind']): boolean {
  return kind === 'queue' || kind === 'topic'
}

interface UnbindProps {
  readonly ends: BindingEnds
  readonly binding: TopologyBindingJson
  readonly onClose: () => void
}

function UnbindDialog({ ends, binding, onClose }: UnbindProps): JSX.Element {
  const action = unbindAction(ends, binding)
  const key = bindingText(binding)
  const what = key === '' ? 'messages' : `messages that match ${key}`
  const [source, destination] = [plainName(ends.source), plainName(ends.destination)]
  return (
    <Confirm
      title="Remove a binding"
      effect={`${destination} gets no more ${what} from ${source}, unless another binding brings them. What it has stays.`}
      verb="Remove binding"
      cli={action.cli}
      curl={action.curl}
      run={() => runAnd(action, 'The binding is removed')}
      onClose={onClose}
    />
  )
}

export interface PairsFieldProps {
  readonly label: string
  readonly hint: string
  readonly text: string
  readonly onChange: (text: string) => void
  readonly problem: string | undefined
}

/** Headers or arguments, a line each. */
export function PairsField({ label, hint, text, onChange, problem }: PairsFieldProps): JSX.Element {
  return (
    <Field label={label} hint={hint} problem={problem}>
      <textarea
        rows={2}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </Field>
  )
}
