// The demo: begins and ends it, and shows what it does while it runs.
import type { JSX } from 'preact'
import type { DemoJson } from '../../../src/admin/v1/demo-operations.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { counted, duration } from '../../lib/format.ts'
import { now, refresh, useLive } from '../../lib/live.ts'
import { useRun } from '../../lib/use-run.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { DemoFlow } from './demo-flow.tsx'
import { DemoOrders } from './demo-orders.tsx'
import { DemoSteps } from './demo-steps.tsx'
import './demo.css'

const path = '/v1/demo'

export function DemoPage(): JSX.Element {
  const { data, problem } = useLive<DemoJson>(path)
  const isOn = data !== undefined && data.state !== 'off'
  const command = isOn ? 'pabal demo --stop' : 'pabal demo --detach'
  return (
    <Page
      title="Demo"
      says={sentence(data)}
      actions={data !== undefined && <Switch demo={data} />}
      command={
        <AsCommand
          cli={command}
          curl={curlOf(isOn ? 'DELETE' : 'POST', path, isOn ? undefined : {})}
        />
      }
    >
      {data === undefined && problem !== undefined && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={8} />}
      {data !== undefined && <Demo demo={data} />}
    </Page>
  )
}

function Demo({ demo }: { readonly demo: DemoJson }): JSX.Element {
  const { picture, state } = demo
  return (
    <>
      <DemoFlow picture={picture} isOn={state === 'running'} />
      {picture !== null && state !== 'off' ? (
        <div class="demo-columns">
          <Section title="The last ten orders">
            <DemoOrders orders={picture.orders} />
          </Section>
          <Section title="Try this now">
            <DemoSteps demo={demo} picture={picture} />
          </Section>
        </div>
      ) : (
        <About demo={demo} />
      )}
    </>
  )
}

/** Before one has begun, and after it has ended. */
function About({ demo: { makes, left } }: { readonly demo: DemoJson }): JSX.Element {
  return (
    <div class="demo-about">
      <p>
        Four shops publish 20 orders a second over AMQP, each once. Workers take them off a queue;
        some are tried again, some are rejected and die. Two consumer groups read the same orders
        over Kafka’s protocol; one of them falls behind.
      </p>
      <p class="soft">
        It makes {counted(makes.length, 'thing')}, all called <code>demo.…</code>: the exchange and
        queues above, two groups, and a user for its clients. It takes them away after ten minutes,
        when you end it, or when the broker stops, and touches nothing else.
      </p>
      {left.length > 0 && (
        <p>
          A crash has ended the last demo: {left.map(({ name }) => name).join(', ')} are still here.
          The next demo takes them away first.
        </p>
      )}
    </div>
  )
}

function Switch({ demo }: { readonly demo: DemoJson }): JSX.Element {
  const { isBusy, problem, start } = useRun()
  const isOn = demo.state !== 'off'
  const turn = async (): Promise<void> => {
    await (isOn ? ask('DELETE', path) : ask('POST', path, {}))
    refresh()
  }
  return (
    <>
      {problem !== undefined && (
        <span class="demo-problem" role="alert">
          {problem}
        </span>
      )}
      <Button
        kind={isOn ? 'plain' : 'primary'}
        isBusy={isBusy || demo.state === 'ending'}
        onClick={() => start(turn)}
      >
        {isOn ? 'End the demo' : 'Start the demo'}
      </Button>
    </>
  )
}

function sentence(demo: DemoJson | undefined): string | undefined {
  if (demo === undefined) return undefined
  const { state, picture, ends_at: endsAt, ended } = demo
  if (state === 'starting') return 'The shops open'
  if (state === 'ending') return 'The shops close, and what they made goes'
  if (state === 'off') {
    return ended === null
      ? 'A shop that is open for ten minutes on this broker; nothing of it is left'
      : `The last one has ended: ${ended}. Nothing of it is left`
  }
  const left = duration(Math.max(0, (endsAt ?? 0) - now.value))
  return `${counted(picture?.published ?? 0, 'order')} so far, each published once; ${left} left`
}
