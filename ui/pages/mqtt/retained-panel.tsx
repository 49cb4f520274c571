// The retained message of a topic, live: what it says, and what stands around it.
import type { JSX } from 'preact'
import { curlOf, shellQuoted } from '../../lib/api.ts'
import { bytes } from '../../lib/format.ts'
import { useLive } from '../../lib/live.ts'
import { apiPath } from '../../lib/names.ts'
import { urlOf } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { AsCommand } from '../../parts/as-command.tsx'
import { Button } from '../../parts/button.tsx'
import { CodeBlock } from '../../parts/code-block.tsx'
import { type Fact, Facts } from '../../parts/facts.tsx'
import { Empty, ProblemNote, Skeleton } from '../../parts/notes.tsx'
import { Section } from '../../parts/page.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Ago, At, Name, Num } from '../../parts/values.tsx'
import { hexLine } from '../messages/hex-view.tsx'

interface RetainedMessage {
  readonly vhost: string
  readonly topic: string
  readonly qos: number | null
  readonly expires_at: number | null
  readonly offset: number
  readonly time: number
  readonly routing_key: string
  readonly properties?: Readonly<Record<string, unknown>>
  readonly payload_bytes: number
  readonly payload?: string
  readonly payload_encoding?: string
  readonly sees_payload: boolean
}

const shownMax = 65_536
const hexLinesMax = 256

export interface RetainedPanelProps {
  readonly vhost: string
  readonly topic: string
  readonly onDelete: () => void
  readonly onClose: () => void
}

export function RetainedPanel(props: RetainedPanelProps): JSX.Element {
  const { vhost, topic, onDelete, onClose } = props
  const path = apiPath`/v1/mqtt/retained/${vhost}/${topic}`
  const { data, problem } = useLive<RetainedMessage>(`${path}?payload=${shownMax}`)
  const isGone = problem?.status === 404
  const where = vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
  return (
    <Panel
      title={<Name value={topic} isCopied />}
      label={`Retained message of ${plainName(topic)}`}
      isWide
      onClose={onClose}
      {...(data !== undefined &&
        !isGone && {
          actions: (
            <>
              <a class="mqtt-link" href={urlOf('/mqtt', { tab: 'test', vhost, topic })}>
                Who gets it?
              </a>
              <Button kind="danger" onClick={onDelete}>
                Delete the message …
              </Button>
            </>
          ),
        })}
    >
      {isGone && (
        <Empty title="Nothing is retained" text="The message was deleted, or has expired." />
      )}
      {problem !== undefined && !isGone && <ProblemNote problem={problem} />}
      {data === undefined && problem === undefined && <Skeleton lines={8} />}
      {data !== undefined && !isGone && (
        <>
          <Payload message={data} />
          <Facts facts={factsOf(data)} />
          {data.properties !== undefined && (
            <Section title="Properties">
              <pre class="mqtt-properties" tabIndex={0}>
                {JSON.stringify(data.properties, undefined, 2)}
              </pre>
            </Section>
          )}
        </>
      )}
      <AsCommand
        cli={`pabal mqtt retained get ${shellQuoted(topic)}${where}`}
        curl={curlOf('GET', path)}
      />
    </Panel>
  )
}

function Payload({ message }: { readonly message: RetainedMessage }): JSX.Element {
  const { payload, payload_encoding: encoding, payload_bytes: size } = message
  if (!message.sees_payload) {
    return <p class="soft">You may not read this topic: what the message says is not shown.</p>
  }
  if (payload === undefined) return <p class="soft">What it said cannot be read any more.</p>
  const isCut = size > shownMax
  const label = `Payload, ${bytes(size)}`
  return (
    <>
      <CodeBlock label={label} code={encoding === 'base64' ? hexOf(payload) : prettyOf(payload)} />
      {isCut && <p class="soft">The first {bytes(shownMax)} of it.</p>}
    </>
  )
}

/** JSON in several lines; other texts as they are. */
function prettyOf(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}

function hexOf(base64: string): string {
  const payload = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  const lines = Math.min(hexLinesMax, Math.ceil(payload.length / 16))
  return Array.from({ length: lines }, (_, line) => hexLine(payload, line * 16, 16)).join('\n')
}

function factsOf(message: RetainedMessage): Fact[] {
  const { vhost, qos, time, offset, routing_key: key, payload_bytes: size } = message
  const facts: (Fact | false)[] = [
    {
      name: 'set',
      value: (
        <>
          <Ago value={time} />, at <At value={time} />
        </>
      ),
    },
    { name: 'QoS', value: <Num value={qos} />, hint: 'That it was published with' },
    { name: 'size', value: bytes(size) },
    message.expires_at !== null && { name: 'expires', value: <Ago value={message.expires_at} /> },
    {
      name: 'routing key',
      value: <Name value={key} isCopied />,
      hint: 'That bindings of AMQP see',
    },
    {
      name: 'stored',
      value: (
        <a href={urlOf('/stream/messages', { vhost, name: 'mqtt-retained', from: offset })}>
          message {offset} of mqtt-retained
        </a>
      ),
    },
  ]
  return facts.filter((fact) => fact !== false)
}
