// What to try while the demo runs: each step does something that one cannot see elsewhere.
import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { DemoJson, DemoPictureJson } from '../../../src/admin/v1/demo-operations.ts'
import { ask, curlOf } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { apiPath } from '../../lib/names.ts'
import { urlOf } from '../../lib/router.ts'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { toast } from '../../parts/toast.tsx'

interface StepsProps {
  readonly demo: DemoJson
  readonly picture: DemoPictureJson
}

const [vhost, dead, billing, stream] = ['/', 'demo.dead', 'demo.billing', 'demo.orders.stream']

/** The first order is 1001. */
const ordersBefore = 234

export function DemoSteps({ demo, picture }: StepsProps): JSX.Element {
  const [asked, setAsked] = useState<'redrive' | 'rewind'>()
  const close = (): void => setAsked(undefined)
  const filter = JSON.stringify({ message_id: 'order-1234' })
  const found = urlOf('/stream/messages', { vhost, name: stream, filter })
  const latest = picture.orders[0]?.order
  const trace = urlOf('/trace', { message_id: latest === undefined ? '' : `order-${latest}` })
  return (
    <ol class="demo-steps">
      <Step
        title="Find order 1234"
        text="By its message id, in a topic that AMQP wrote. Looking takes nothing."
        action={
          picture.published >= ordersBefore ? (
            <ButtonLink to={found}>Find it</ButtonLink>
          ) : (
            <Button isDisabled>It comes soon</Button>
          )
        }
      />
      <Step
        title="Redrive the dead"
        text={`${counted(picture.rejected, 'order')} died so far. Their cards are good by now: sent back, they are paid.`}
        action={
          <Button isDisabled={picture.rejected === 0} onClick={() => setAsked('redrive')}>
            Redrive
          </Button>
        }
      />
      <Step
        title="Bill again"
        text="The queue keeps what was acked for an hour. Make it ready again, as after a bad deployment."
        action={<Button onClick={() => setAsked('rewind')}>Replay</Button>}
      />
      <Step
        title="See who is behind"
        text="demo.reports reads 12 orders a second of 20: its lag in messages and in time."
        action={
          <ButtonLink to={urlOf('/stream/consumers', { vhost, name: stream })}>Look</ButtonLink>
        }
      />
      <Step
        title="Where is the latest order"
        text="In the queue, in the topic, billed or dead: wherever it is now. Or follow the next ones."
        action={<ButtonLink to={trace}>Trace</ButtonLink>}
      />
      {asked === 'redrive' && <Redrive count={picture.rejected} onClose={close} />}
      {asked === 'rewind' && (
        <Rewind since={demo.started_at ?? 0} paid={picture.paid} onClose={close} />
      )}
    </ol>
  )
}

function Step({
  title,
  text,
  action,
}: {
  readonly title: string
  readonly text: string
  readonly action: ComponentChildren
}): JSX.Element {
  return (
    <li>
      <span>
        <b>{title}</b>
        <span class="soft">{text}</span>
      </span>
      {action}
    </li>
  )
}

function Redrive({
  count,
  onClose,
}: {
  readonly count: number
  readonly onClose: () => void
}): JSX.Element {
  const path = apiPath`/v1/jobs/${vhost}`
  const body = { kind: 'redrive', queue: dead }
  return (
    <Confirm
      title="Redrive the dead"
      effect={`Sends what is in ${dead}, up to ${counted(count, 'order')}, back to ${billing}, where it died.`}
      verb={`Redrive to ${billing}`}
      kind="primary"
      cli={`pabal dlq redrive ${dead}`}
      curl={curlOf('POST', path, body)}
      run={async () => {
        await ask('POST', path, body)
        toast(`What was in ${dead} is on its way back`)
      }}
      onClose={onClose}
    />
  )
}

function Rewind({
  since,
  paid,
  onClose,
}: {
  readonly since: number
  readonly paid: number
  readonly onClose: () => void
}): JSX.Element {
  const path = apiPath`/queues/${vhost}/${billing}/rewind`
  const body = { time: since }
  return (
    <Confirm
      title="Bill again"
      effect={`Makes what ${billing} has acked since the demo began ready again: about ${counted(paid, 'order')}. Workers bill them once more.`}
      verb="Replay since the start"
      kind="primary"
      cli={`pabal queue rewind ${billing} --to-time ${new Date(since).toISOString()}`}
      curl={curlOf('POST', path, body)}
      run={async () => {
        const { message_count: ready } = await ask<{ readonly message_count: number }>(
          'POST',
          path,
          body,
        )
        toast(`${counted(ready, 'order')} are ready again`)
      }}
      onClose={onClose}
    />
  )
}
