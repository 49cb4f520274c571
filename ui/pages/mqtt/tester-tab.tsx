// "Does this filter have that topic?": the broker's own answer, with why not. Each question is a URL.
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { FilterTestJson } from '../../../src/admin/v1/mqtt/filter-test-operation.ts'
import { ask, curlOf, Problem, shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { apiPath } from '../../lib/names.ts'
import { setParams, urlOf, useParam } from '../../lib/router.ts'
import { rowsOf } from '../../lib/rows.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Field } from '../../parts/field.tsx'
import { Empty, ProblemNote } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { Name, Num } from '../../parts/values.tsx'
import { keyOf } from './sessions-query.ts'
import type { TabProps } from './tab-props.ts'
import { useVHost, VHostField } from './vhost-field.tsx'

interface Question {
  readonly filter?: string
  readonly topic?: string
}

export function TesterTab({ tabs }: TabProps): JSX.Element {
  const vhost = useVHost()
  const [filter = ''] = useParam('filter')
  const [topic = ''] = useParam('topic')
  const question = { ...(filter !== '' && { filter }), ...(topic !== '' && { topic }) }
  const isAsked = filter !== '' || topic !== ''
  const path = apiPath`/v1/mqtt/filter-test/${vhost}`
  const answer = useAnswer(path, isAsked ? question : undefined)
  return (
    <Page
      title="MQTT"
      says="Ask which topics a filter has, and who gets a topic; nothing is subscribed"
      tabs={tabs}
      command={
        isAsked && (
          <AsCommand cli={commandOf(question, vhost)} curl={curlOf('POST', path, question)} />
        )
      }
    >
      <div class="mqtt-tester">
        <form class="mqtt-question" onSubmit={(event) => event.preventDefault()}>
          <Text label="Topic filter" param="filter" value={filter} placeholder="sensors/+/state" />
          <Text label="Topic" param="topic" value={topic} placeholder="sensors/kitchen/state" />
          <VHostField />
        </form>
        <div class="mqtt-answers" aria-live="polite">
          {answer instanceof Problem && <ProblemNote problem={answer} />}
          {answer !== undefined && !(answer instanceof Problem) && (
            <Answer answer={answer} question={question} vhost={vhost} />
          )}
          {!isAsked && (
            <Empty
              title="Write a filter, a topic, or both"
              text="With a filter you see which retained topics it has, and what is wrong with it; with a topic, which subscriptions have it; with both, whether they match and where they part."
              command="pabal mqtt test-filter 'sensors/+/state' --topic sensors/kitchen/state"
            />
          )}
        </div>
      </div>
    </Page>
  )
}

function useAnswer(
  path: string,
  question: Question | undefined,
): FilterTestJson | Problem | undefined {
  const [answer, setAnswer] = useState<FilterTestJson | Problem>()
  const text = question && JSON.stringify(question)
  useEffect(() => {
    if (text === undefined) {
      setAnswer(undefined)
      return undefined
    }
    const end = new AbortController()
    const timer = setTimeout(() => {
      ask<FilterTestJson>('POST', path, JSON.parse(text), end).then(setAnswer, (error: unknown) => {
        if (error instanceof Problem) setAnswer(error)
      })
    }, 150)
    return () => {
      clearTimeout(timer)
      end.abort()
    }
  }, [path, text])
  return answer
}

function Text({
  label,
  param,
  value,
  placeholder,
}: {
  readonly label: string
  readonly param: string
  readonly value: string
  readonly placeholder: string
}): JSX.Element {
  return (
    <Field label={label}>
      <input
        class="mono"
        value={value}
        spellcheck={false}
        autocomplete="off"
        placeholder={placeholder}
        onInput={({ currentTarget }) => setParams({ [param]: currentTarget.value })}
      />
    </Field>
  )
}

interface Answered {
  readonly answer: FilterTestJson
  readonly question: Question
  readonly vhost: string
}

function Answer({ answer: { filter, topic, match }, question, vhost }: Answered): JSX.Element {
  return (
    <>
      {match !== null && (
        <p class={match.matches ? 'mqtt-answer mqtt-yes' : 'mqtt-answer mqtt-no'}>
          {match.matches ? 'Yes, the filter has the topic.' : 'No, it does not.'}
          {match.reason !== null && <span class="mqtt-reason">{inWords(match.reason)}</span>}
        </p>
      )}
      {filter !== null && <FilterAnswer filter={filter} asked={question.filter ?? ''} />}
      {topic !== null && <TopicAnswer topic={topic} vhost={vhost} />}
    </>
  )
}

function FilterAnswer({
  filter,
  asked,
}: {
  readonly filter: NonNullable<FilterTestJson['filter']>
  readonly asked: string
}): JSX.Element {
  const { problem, cautions, topics, examples, group, looked_at_all: isAll } = filter
  if (problem !== null) {
    return (
      <Section title="The filter cannot be used">
        <p class="mqtt-no">{inWords(problem)}</p>
      </Section>
    )
  }
  return (
    <Section title={`It has ${counted(topics, 'topic')} with a retained message`}>
      {group !== null && (
        <p>
          Messages would be shared by the group <b class="mono">{group}</b>, which gets no retained
          ones.
        </p>
      )}
      {cautions.length > 0 && (
        <ul class="mqtt-cautions" aria-label="What may not be meant so">
          {cautions.map((caution) => (
            <li key={caution}>{caution}</li>
          ))}
        </ul>
      )}
      {!isAll && <p class="soft">Of the first topics; there are more than a test looks at.</p>}
      {examples.length > 0 && (
        <ul class="mqtt-examples">
          {examples.map((topic) => (
            <li key={topic}>
              <Name value={topic} to={urlOf('/mqtt', { tab: 'topics', topic })} />
            </li>
          ))}
          {topics > examples.length && (
            <li>
              <a href={urlOf('/mqtt', { tab: 'topics', filter: asked })}>Show all of them</a>
            </li>
          )}
        </ul>
      )}
    </Section>
  )
}

type TopicTested = NonNullable<FilterTestJson['topic']>
type TestedSubscription = TopicTested['subscriptions'][number]

function TopicAnswer({
  topic,
  vhost,
}: {
  readonly topic: TopicTested
  readonly vhost: string
}): JSX.Element {
  const { problem, subscriptions, others, routing_key: key, key_is_exact: isExact } = topic
  if (problem !== null) {
    return (
      <Section title="Nothing can be published to the topic">
        <p class="mqtt-no">{inWords(problem)}</p>
      </Section>
    )
  }
  return (
    <Section title={`${counted(subscriptions.length + others, 'subscription')} would get it`}>
      <Table
        label="Subscriptions that have the topic"
        columns={subscriptionColumns(vhost)}
        rows={rowsOf(subscriptions)}
        keyOf={({ client_id: id, group, filter }) => JSON.stringify([id, group, filter])}
        empty={<p class="soft">No session has subscribed to it. Queues may be bound for it.</p>}
      />
      {others > 0 && <p class="soft">{counted(others, 'other')} not shown.</p>}
      <p class="soft">
        AMQP sees the routing key <Name value={key} isCopied />
        {!isExact && ', which other topics have as well: subscribers of MQTT still tell them apart'}
        . <a href={urlOf('/topology', { exchange: 'amq.topic', vhost })}>Where else it goes</a>
      </p>
    </Section>
  )
}

function subscriptionColumns(vhost: string): readonly Column<TestedSubscription>[] {
  return [
    {
      key: 'who',
      label: 'Client id or group',
      cell: ({ client_id: id, group, connected }) => (
        <span class="mqtt-state">
          {id === null ? (
            <Name value={group ?? ''} to={urlOf('/mqtt', { tab: 'groups', q: group ?? '' })} />
          ) : (
            <Name value={id} to={urlOf('/mqtt', { session: keyOf({ vhost, client_id: id }) })} />
          )}
          {id === null && <Badge>group</Badge>}
          {!connected && <Badge>away</Badge>}
        </span>
      ),
    },
    { key: 'filter', label: 'By its filter', cell: ({ filter }) => <Name value={filter} /> },
    {
      key: 'qos',
      label: 'QoS',
      align: 'end',
      width: '52px',
      cell: ({ qos }) => <Num value={qos} />,
    },
  ]
}

/** The broker's reasons begin in the middle of a sentence. */
function inWords(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}${/[.?]$/.test(reason) ? '' : '.'}`
}

function commandOf({ filter, topic }: Question, vhost: string): string {
  const words = ['pabal mqtt test-filter']
  if (filter !== undefined) words.push(shellQuoted(filter))
  if (topic !== undefined) words.push(`--topic ${shellQuoted(topic)}`)
  if (vhost !== '/') words.push(`--vhost ${shellQuoted(vhost)}`)
  return words.join(' ')
}
