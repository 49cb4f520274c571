// The routing tester: a message that nobody publishes, the way that it would go, and why.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { TopologyEdgeJson, TopologyNodeJson } from '../../../src/admin/v1/topology-json.ts'
import { ask } from '../../lib/api.ts'
import { refresh } from '../../lib/live.ts'
import { pushParams, setParams, urlOf, useParam } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Field } from '../../parts/field.tsx'
import { FormProblem } from '../../parts/form-end.tsx'
import { ProblemNote } from '../../parts/notes.tsx'
import { Panel } from '../../parts/panel.tsx'
import { toast } from '../../parts/toast.tsx'
import { type MessageAsked, publishAction, routeTest } from './commands.ts'
import { PairsField } from './dialogs.tsx'
import { readPairs } from './pairs.ts'
import type { RouteTest } from './route-test.ts'
import { RouteWay } from './route-way.tsx'

export interface RoutePanelProps {
  readonly vhost: string
  readonly nodes: readonly TopologyNodeJson[]
  readonly edges: readonly TopologyEdgeJson[]
  readonly test: RouteTest
  readonly onClose: () => void
}

export function RoutePanel({ vhost, nodes, edges, test, onClose }: RoutePanelProps): JSX.Element {
  const [exchange = ''] = useParam('exchange')
  const [key = ''] = useParam('key')
  const [headers = ''] = useParam('headers')
  const pairs = readPairs(headers)
  const message = { vhost, exchange, routingKey: key, headers: pairs.values ?? {} }
  const isWhole = pairs.problem === undefined
  const askAgain = (): void => {
    if (isWhole) test.ask(message)
  }
  useEffect(() => {
    if (exchange !== '' || key !== '') askAgain()
  }, [])
  const command = routeTest(message)
  return (
    <Panel title="Where would a message go" label="Routing tester" onClose={onClose}>
      <MessageForm
        message={message}
        headers={headers}
        problem={pairs.problem}
        nodes={nodes}
        onChange={(changed) => {
          setParams(changed)
          test.forget()
        }}
        onAsk={askAgain}
      />
      {test.problem !== undefined && <ProblemNote problem={test.problem} onRetry={askAgain} />}
      {test.result !== undefined && (
        <RouteWay result={test.result} edges={edges} litSteps={test.litSteps} vhost={vhost} />
      )}
      <AsCommand cli={command.cli} curl={command.curl} />
      {test.result !== undefined && <PublishTest message={message} />}
      <PatternTest routingKey={key} />
    </Panel>
  )
}

interface MessageFormProps {
  readonly message: MessageAsked
  /** As they were typed. */
  readonly headers: string
  readonly problem: string | undefined
  readonly nodes: readonly TopologyNodeJson[]
  readonly onChange: (changed: Readonly<Record<string, string>>) => void
  readonly onAsk: () => void
}

function MessageForm(props: MessageFormProps): JSX.Element {
  const { message, headers, problem, nodes, onChange, onAsk } = props
  const { exchange, routingKey } = message
  const submit = (event: Event): void => {
    event.preventDefault()
    onAsk()
  }
  return (
    <form class="route-form" onSubmit={submit}>
      <Field label="Exchange">
        <select
          value={exchange}
          onChange={({ currentTarget }) => onChange({ exchange: currentTarget.value })}
        >
          <option value="">default exchange</option>
          {exchangeNames(nodes, exchange).map((name) => (
            <option key={name} value={name}>
              {plainName(name)}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Routing key">
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          value={routingKey}
          onInput={({ currentTarget }) => onChange({ key: currentTarget.value })}
        />
      </Field>
      <PairsField
        label="Headers"
        hint="A line each, as region=eu"
        text={headers}
        onChange={(text) => onChange({ headers: text })}
        problem={problem}
      />
      <div class="route-buttons">
        <Button kind="primary" type="submit" isDisabled={problem !== undefined}>
          Show the way
        </Button>
        <span class="soft">Nothing is published.</span>
      </div>
    </form>
  )
}

function exchangeNames(nodes: readonly TopologyNodeJson[], chosen: string): string[] {
  const names = new Set(chosen === '' ? [] : [chosen])
  for (const { kind, name, flags } of nodes) {
    const isThere = kind === 'exchange' && name !== '' && !flags.includes('missing')
    if (isThere && !flags.includes('internal')) names.add(name)
  }
  return [...names].toSorted((a, b) => (a < b ? -1 : 1))
}

/** Publishes what was tested. */
function PublishTest({ message }: { readonly message: MessageAsked }): JSX.Element {
  const [payload, setPayload] = useState('test')
  const [id, setId] = useState('')
  const { isBusy, problem, start } = useRun()
  const action = publishAction(message, payload, id)
  const publish = async (): Promise<void> => {
    const { results } = (await action.run()) as { results: readonly { outcome: string }[] }
    const outcome = results[0]?.outcome ?? ''
    toast(outcome === 'routed' ? 'Published' : `Published: ${outcome}`)
    refresh()
  }
  return (
    <details class="route-more">
      <summary>Publish it as a test message</summary>
      <form
        class="route-form"
        onSubmit={(event) => {
          event.preventDefault()
          start(publish)
        }}
      >
        <Field label="Payload">
          <textarea
            rows={2}
            value={payload}
            onInput={({ currentTarget }) => setPayload(currentTarget.value)}
          />
        </Field>
        <Field label="Message id" hint="With one it can be traced">
          <input
            type="text"
            value={id}
            onInput={({ currentTarget }) => setId(currentTarget.value)}
          />
        </Field>
        <FormProblem problem={problem} />
        <div class="route-buttons">
          <Button type="submit" isBusy={isBusy}>
            Publish 1 message
          </Button>
          {id !== '' && (
            <a href={urlOf('/trace', { vhost: message.vhost, message_id: id })}>Trace it first</a>
          )}
        </div>
        <AsCommand cli={action.cli} curl={action.curl} />
      </form>
    </details>
  )
}

/** Patterns that are bound nowhere yet, against the key. */
function PatternTest({ routingKey }: { readonly routingKey: string }): JSX.Element {
  const [text, setText] = useState('')
  const [matched, setMatched] = useState<ReadonlySet<string>>(new Set())
  const patterns = text.split('\n').filter((line) => line.trim() !== '')
  useEffect(() => {
    if (patterns.length === 0) return undefined
    const stop = new AbortController()
    const body = { patterns: patterns.slice(0, 100), routing_keys: [routingKey] }
    void ask<{
      readonly matches: readonly { readonly pattern: string; readonly routing_keys: string[] }[]
    }>('POST', '/v1/topic-test', body, { signal: stop.signal }).then(
      ({ matches }) =>
        setMatched(
          new Set(
            matches.filter(({ routing_keys: keys }) => keys.length > 0).map((each) => each.pattern),
          ),
        ),
      () => {},
    )
    return () => stop.abort()
  }, [text, routingKey])
  return (
    <details class="route-more">
      <summary>Try patterns on this key before you bind them</summary>
      <Field label="Patterns, a line each" hint="* is one word, # any number of words">
        <textarea
          rows={3}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </Field>
      <ul class="route-patterns" aria-live="polite">
        {patterns.map((pattern, index) => (
          <li key={index}>
            <span class="mono">{pattern}</span>{' '}
            {matched.has(pattern) ? (
              <Badge tone="good">matches {routingKey === '' ? 'the empty key' : routingKey}</Badge>
            ) : (
              <Badge>does not match</Badge>
            )}
          </li>
        ))}
      </ul>
    </details>
  )
}

/** Opens the tester for an exchange. */
export function openTester(exchange: string): void {
  pushParams({ panel: 'route', exchange, open: undefined })
}
