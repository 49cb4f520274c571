// "May this user do that?": the broker's own answer, with what decided. Each question is a URL.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type {
  AccessTestJson,
  AccessTestStepJson,
} from '../../../src/admin/v1/access-test-operation.ts'
import { ask, curlOf, Problem } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { place, setParams } from '../../lib/router.ts'
import type { ListPage } from '../../lib/rows.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Field } from '../../parts/field.tsx'
import { Empty, ProblemNote } from '../../parts/notes.tsx'
import { Page } from '../../parts/page.tsx'
import type { User } from './access-json.ts'
import { quoted, vhostFlag } from './permissions.tsx'
import { useVHostNames } from './use-vhost-names.ts'

type Action =
  | 'enter'
  | 'configure'
  | 'write'
  | 'read'
  | 'describe'
  | 'manage'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe-configs'
  | 'alter-configs'

/** Only for what clients of Kafka ask: permissions do not tell them apart, ACLs do. */
const kafkaActions: ReadonlySet<Action> = new Set([
  'create',
  'delete',
  'alter',
  'describe-configs',
  'alter-configs',
])

const actions: Readonly<Record<Action, string>> = {
  enter: 'enter the virtual host',
  write: 'write to (publish, produce)',
  read: 'read from (consume, fetch)',
  configure: 'configure (declare, delete)',
  describe: 'see that there is',
  manage: 'see these pages as',
  create: 'create (Kafka)',
  delete: 'delete (Kafka)',
  alter: 'alter (Kafka)',
  'describe-configs': 'see the settings of (Kafka)',
  'alter-configs': 'change the settings of (Kafka)',
}
const kinds: Readonly<Record<string, string>> = {
  queue: 'the queue or stream',
  exchange: 'the exchange',
  topic: "Kafka's topic",
  group: "Kafka's group",
  'transactional-id': "Kafka's transactional id",
  cluster: "Kafka's cluster",
}
const tags = ['management', 'policymaker', 'monitoring', 'administrator']

interface Question {
  readonly who: string
  readonly action: Action
  readonly kind: string
  readonly name: string
  readonly vhost: string
  readonly key: string
  readonly tag: string
  readonly from: string
}

function readQuestion(params: ReadonlyMap<string, string>): Question {
  const action = (params.get('action') ?? 'write') as Action
  const kind = params.get('kind') ?? 'queue'
  return {
    who: params.get('who') ?? '',
    action: action in actions ? action : 'write',
    kind: kafkaActions.has(action) && isOfAmqp(kind) ? 'topic' : kind,
    name: params.get('name') ?? '',
    vhost: params.get('vhost') ?? '/',
    key: params.get('key') ?? '',
    tag: params.get('tag') ?? 'management',
    from: params.get('from') ?? '',
  }
}

function isOfAmqp(kind: string): boolean {
  return kind === 'queue' || kind === 'exchange'
}

/** Undefined while something is missing. */
function bodyOf({ who, action, kind, name, vhost, key, tag, from }: Question): object | undefined {
  if (who === '') return undefined
  if (action === 'manage') return { user: who, action, tag }
  if (action === 'enter') return { user: who, vhost, action }
  if (name === '' && kind !== 'exchange' && kind !== 'cluster') return undefined
  const routing = kind === 'exchange' && key !== '' ? { routing_key: key } : {}
  const host = from === '' ? {} : { host: from }
  return { user: who, vhost, action, kind, name, ...routing, ...host }
}

export function TesterTab({ tabs }: { readonly tabs: JSX.Element }): JSX.Element {
  const question = readQuestion(place.value.params)
  const body = bodyOf(question)
  const answer = useAnswer(body)
  return (
    <Page
      title="Access"
      says="Ask whether a user may do something; nothing is done"
      tabs={tabs}
      command={
        body && (
          <AsCommand cli={commandOf(question)} curl={curlOf('POST', '/v1/access-test', body)} />
        )
      }
    >
      <div class="access-tester">
        <QuestionForm question={question} />
        <div aria-live="polite">
          {answer instanceof Problem && <ProblemNote problem={answer} />}
          {answer !== undefined && !(answer instanceof Problem) && <Answer answer={answer} />}
          {body === undefined && (
            <Empty
              title="Say who, and what"
              text="The answer names the pattern, the ACL, the tag or the setting that decides, in the order in which the broker asks."
              command="pabal permission test app write queue orders"
            />
          )}
        </div>
      </div>
    </Page>
  )
}

function useAnswer(body: object | undefined): AccessTestJson | Problem | undefined {
  const [answer, setAnswer] = useState<AccessTestJson | Problem>()
  const text = body && JSON.stringify(body)
  useEffect(() => {
    if (text === undefined) {
      setAnswer(undefined)
      return undefined
    }
    const end = new AbortController()
    const timer = setTimeout(() => {
      ask<AccessTestJson>('POST', '/v1/access-test', JSON.parse(text), end).then(
        setAnswer,
        (error: unknown) => {
          if (error instanceof Problem) setAnswer(error)
        },
      )
    }, 150)
    return () => {
      clearTimeout(timer)
      end.abort()
    }
  }, [text])
  return answer
}

interface Asking {
  readonly question: Question
}

function QuestionForm({ question }: Asking): JSX.Element {
  const { who, action, tag } = question
  const users = useLive<ListPage<User>>('/users?page=1&page_size=500&columns=name')
  return (
    <form class="access-question" onSubmit={(event) => event.preventDefault()}>
      <Text label="May the user" list="access-users" value={who} param="who" />
      <datalist id="access-users">
        {users.data?.items.map((each) => (
          <option key={each.name} value={each.name} />
        ))}
      </datalist>
      <Select label="do" value={action} options={actions} param="action" />
      {action === 'manage' && (
        <Select
          label="with the tag"
          value={tag}
          options={Object.fromEntries(tags.map((each) => [each, each]))}
          param="tag"
        />
      )}
      {action !== 'manage' && action !== 'enter' && <ObjectFields question={question} />}
      {action !== 'manage' && <VHostField question={question} />}
    </form>
  )
}

function ObjectFields({ question: { action, kind, name, key, from } }: Asking): JSX.Element {
  const hasKey = kind === 'exchange' && (action === 'write' || action === 'read')
  return (
    <>
      <Select label="what" value={kind} options={kindsFor(action)} param="kind" />
      {kind !== 'cluster' && (
        <Text
          label="called"
          value={name}
          param="name"
          placeholder={kind === 'exchange' ? 'empty: the default exchange' : 'orders'}
        />
      )}
      {hasKey && <Text label="with the routing key" value={key} param="key" />}
      <Text label="from the address" value={from} param="from" placeholder="anywhere" />
    </>
  )
}

/** AMQP has no such operations. */
function kindsFor(action: Action): Readonly<Record<string, string>> {
  if (!kafkaActions.has(action)) return kinds
  return Object.fromEntries(Object.entries(kinds).filter(([kind]) => !isOfAmqp(kind)))
}

function VHostField({ question: { vhost } }: Asking): JSX.Element {
  const names = [vhost, ...(useVHostNames() ?? [])]
  const options = Object.fromEntries(names.map((each) => [each, plainName(each)]))
  return <Select label="in" value={vhost} options={options} param="vhost" />
}

interface FieldOfUrl {
  readonly label: string
  readonly value: string
  /** The parameter of the URL that it changes. */
  readonly param: string
}

function Text(
  props: FieldOfUrl & { readonly placeholder?: string; readonly list?: string },
): JSX.Element {
  const { label, value, param, placeholder, list } = props
  return (
    <Field label={label}>
      <input
        class="mono"
        aria-label={label}
        list={list}
        value={value}
        spellcheck={false}
        autocomplete="off"
        placeholder={placeholder}
        onInput={({ currentTarget }) => setParams({ [param]: currentTarget.value })}
      />
    </Field>
  )
}

function Select(
  props: FieldOfUrl & { readonly options: Readonly<Record<string, string>> },
): JSX.Element {
  const { label, value, param, options } = props
  return (
    <Field label={label}>
      <select
        aria-label={label}
        value={value}
        onChange={({ currentTarget }) => setParams({ [param]: currentTarget.value })}
      >
        {Object.entries(options).map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  )
}

function Answer({ answer }: { readonly answer: AccessTestJson }): JSX.Element {
  const { allowed, steps, refusal } = answer
  return (
    <>
      <p class={allowed ? 'access-answer access-yes' : 'access-answer access-no'}>
        {allowed ? 'Yes, it may' : 'No, it may not'}
      </p>
      <ol class="access-steps">
        {steps.map((step, index) => (
          <Step key={index} step={step} />
        ))}
      </ol>
      {refusal !== null && (
        <p class="soft">
          A client is told: <code>{refusal}</code>
        </p>
      )}
    </>
  )
}

function Step({ step }: { readonly step: AccessTestStepJson }): JSX.Element {
  return (
    <li>
      <span class={step.allowed ? 'access-yes' : 'access-no'}>{step.allowed ? 'yes' : 'no'}</span>
      <span>{step.reason}</span>
    </li>
  )
}

function commandOf(question: Question): string {
  const { who, action, kind, name, vhost, key, tag, from } = question
  const command = `pabal permission test ${quoted(who)} ${action}`
  if (action === 'manage') return `${command} ${tag}`
  if (action === 'enter') return command + vhostFlag(vhost)
  const routing = kind === 'exchange' && key !== '' ? ` --routing-key ${quoted(key)}` : ''
  const called = kind === 'cluster' ? '' : ` ${quoted(name)}`
  const host = from === '' ? '' : ` --from ${quoted(from)}`
  return `${command} ${kind}${called}${routing}${host}${vhostFlag(vhost)}`
}
