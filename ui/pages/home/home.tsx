// Home: is it fine, and if not, where, and what next.
import type { ComponentType, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { GrowerJson, HomeJson } from '../../../src/admin/v1/home/home-json.ts'
import { curlOf } from '../../lib/api.ts'
import { count, counted, duration, rate } from '../../lib/format.ts'
import { now, useLive } from '../../lib/live.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Chart } from '../../parts/chart.tsx'
import { Stat, Stats } from '../../parts/facts.tsx'
import { Listeners } from '../../parts/listeners.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { Spark } from '../../parts/spark.tsx'
import { streamUrl } from '../../parts/stream-tabs.tsx'
import { Name, Num, Rate } from '../../parts/values.tsx'
import { Headline, OtherFindings } from './findings.tsx'
import './home.css'

const path = '/v1/home'

export function HomePage(): JSX.Element {
  const { data: home, problem } = useLive<HomeJson>(path)
  const [first, ...others] = home?.findings ?? []
  return (
    <Page
      title={
        first === undefined ? (
          <NoHeadline isAwaited={problem === undefined} />
        ) : (
          <Headline finding={first} />
        )
      }
      tab="Home"
      says={home === undefined ? undefined : <About home={home} />}
      command={<AsCommand cli="pabal status" curl={curlOf('GET', path)} />}
    >
      {home === undefined && problem !== undefined && <ProblemNote problem={problem} />}
      {home === undefined && problem === undefined && <Skeleton lines={10} />}
      {home !== undefined && (
        <>
          {others.length > 0 && <OtherFindings findings={others} />}
          {home.is_empty ? <EmptyBroker home={home} /> : <Busy home={home} />}
        </>
      )}
    </Page>
  )
}

/** As high as the headline that will stand there. */
function NoHeadline({ isAwaited }: { readonly isAwaited: boolean }): JSX.Element {
  return (
    <span class="headline">
      <span class="mark" />
      {isAwaited ? <span class="skeleton home-awaited" aria-label="Home" /> : 'Home'}
    </span>
  )
}

function About({ home }: { readonly home: HomeJson }): JSX.Element {
  const { version, started, counts, protocols } = home
  const clients = Object.entries(protocols).map(
    ([protocol, number]) => `${count(number)} ${protocol === 'AMQP 0-9-1' ? 'AMQP' : protocol}`,
  )
  const connected = clients.length > 0 ? ` (${clients.join(', ')})` : ''
  return (
    <>
      Pabal {version}, up {upFor(now.value - started)}. {counted(counts.queues, 'queue')},{' '}
      {counted(counts.topics, 'topic')}, {counted(counts.connections, 'connection')}
      {connected}.
    </>
  )
}

/** Below an hour by the minute, so that it does not tick. */
function upFor(ms: number): string {
  const step = ms < 60_000 ? 1000 : 60_000
  return duration(Math.max(1000, Math.floor(ms / step) * step))
}

/** A broker in which something is. */
function Busy({ home }: { readonly home: HomeJson }): JSX.Element {
  const { history, growers, listeners } = home
  return (
    <>
      <Numbers home={home} />
      {history !== null && (
        <Section title="Messages a second">
          <Rates history={history} />
        </Section>
      )}
      <div class="home-columns">
        <Section title="Queues that grow" actions={<GrowersLink growers={growers} />}>
          <Growers growers={growers} />
        </Section>
        <Section title="Where to connect" actions={<a href="/start">First steps</a>}>
          <Listeners listeners={listeners} />
        </Section>
      </div>
    </>
  )
}

function Numbers({ home: { counts, rates } }: { readonly home: HomeJson }): JSX.Element {
  const { ready, unacked, consumers, dead_letters: dead } = counts
  return (
    <Stats>
      <Stat label="In" value={<Rate value={rates.in} />} hint="Messages published a second" />
      <Stat
        label="Out"
        value={<Rate value={rates.out} />}
        hint="Messages delivered or fetched a second"
      />
      <Stat label="Acked" value={<Rate value={rates.ack} />} hint="Messages acked a second" />
      <Stat
        label="Ready"
        value={<Num value={ready} />}
        hint="Messages that wait to be delivered, and what topics keep"
        to="/streams?sort=messages&desc=true"
      />
      <Stat
        label="Unacked"
        value={<Num value={unacked} />}
        hint="Messages that consumers have and did not ack yet"
        to="/streams?sort=unacked&desc=true"
      />
      <Stat
        label="Consumers"
        value={<Num value={consumers} />}
        hint="Of queues; consumer groups of Kafka are not among them"
        to="/connections?sort=consumers&desc=true"
      />
      <Stat
        label="Dead letters"
        value={<Num value={dead} />}
        hint="Messages in queues that others send their dead letters to"
        to="/deaths"
      />
    </Stats>
  )
}

function Rates({ history }: { readonly history: NonNullable<HomeJson['history']> }): JSX.Element {
  return (
    <Chart
      label="Messages that came in, went out and were acked a second, in the last hour"
      times={history.times}
      height={200}
      format={rate}
      series={[
        { label: 'in', values: history.in, hue: 1 },
        { label: 'out', values: history.out, hue: 2, isDashed: true },
        { label: 'acked', values: history.ack, hue: 3 },
      ]}
    />
  )
}

function GrowersLink({ growers }: { readonly growers: readonly GrowerJson[] }): JSX.Element | null {
  if (growers.length === 0) return null
  return <a href="/streams?state=growing&sort=growth&desc=true">All that grow</a>
}

function Growers({ growers }: { readonly growers: readonly GrowerJson[] }): JSX.Element {
  if (growers.length === 0) {
    return <p class="soft home-none">No queue grows.</p>
  }
  return (
    <ul class="home-growers">
      {growers.map((grower) => (
        <li key={`${grower.vhost} ${grower.name}`}>
          <Name value={grower.name} to={streamUrl(grower)} />
          <Spark
            values={grower.values}
            tone="look"
            label={`${count(grower.ready)} messages in ${grower.name}`}
          />
          <Num value={grower.ready} hint="Ready messages" />
          <span class="home-growth">
            + <Rate value={grower.growth} />
          </span>
        </li>
      ))}
    </ul>
  )
}

/** The first steps are loaded where they are shown: most brokers are not empty. */
function EmptyBroker({ home }: { readonly home: HomeJson }): JSX.Element {
  const [Steps, setSteps] = useState<ComponentType>()
  const [Demo, setDemo] = useState<ComponentType>()
  useEffect(() => {
    void import('../start/first-steps.tsx').then((page) => setSteps(() => page.FirstSteps))
    void import('../start/demo-card.tsx').then((page) => setDemo(() => page.DemoCard))
  }, [])
  return (
    <>
      <Section title="Send the first message">
        {Steps === undefined ? <Skeleton lines={12} /> : <Steps />}
      </Section>
      <div class="home-columns">
        <Section title="Where to connect">
          <Listeners listeners={home.listeners} />
        </Section>
        <Section title="A broker with something in it">
          {Demo === undefined ? <Skeleton lines={3} /> : <Demo />}
        </Section>
      </div>
    </>
  )
}
