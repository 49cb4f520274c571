// One delayed message.
import type { JSX } from 'preact'
import { Button } from '../../parts/button.tsx'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Facts } from '../../parts/facts.tsx'
import { Panel } from '../../parts/panel.tsx'
import { At, Bytes, Name } from '../../parts/values.tsx'
import { Due } from './due.tsx'
import type { NextMessage } from './next-message.ts'

export interface MessagePanelProps {
  readonly message: NextMessage
  readonly onAsk: (verb: 'fire' | 'cancel') => void
  readonly onClose: () => void
}

export function MessagePanel({ message, onAsk, onClose }: MessagePanelProps): JSX.Element {
  const { due, time, at_exchange: exchange, routing_key: key, payload, properties } = message
  const headers = Object.entries(properties?.headers ?? {}).filter(([name]) => !isOwn(name))
  return (
    <Panel
      title={
        <>
          Due <Due at={due} />
        </>
      }
      label="Delayed message"
      onClose={onClose}
      actions={
        <>
          <Button kind="primary" onClick={() => onAsk('fire')}>
            Fire it now …
          </Button>
          <Button kind="danger" onClick={() => onAsk('cancel')}>
            Cancel it …
          </Button>
        </>
      }
    >
      <Facts
        facts={[
          { name: 'Due at', value: <At value={due} /> },
          { name: 'Waits since', value: <At value={time} /> },
          { name: 'Exchange', value: <Name value={exchange} isCopied /> },
          { name: 'Routing key', value: <Name value={key} isCopied /> },
          { name: 'Size', value: <Bytes value={message.payload_bytes} /> },
          { name: 'Place', value: <Name value={message.place} isCopied /> },
          ...headers.map(([name, value]) => ({
            name: <Name value={name} />,
            value: (
              <span class="mono">{typeof value === 'string' ? value : JSON.stringify(value)}</span>
            ),
          })),
        ]}
      />
      {payload !== undefined && payload !== '' && (
        <CodeBlock
          code={payload}
          label={message.payload_encoding === 'base64' ? 'Payload in base64' : 'Payload'}
        />
      )}
    </Panel>
  )
}

/** What the broker notes while the message waits. */
function isOwn(name: string): boolean {
  return name === 'x-delay' || name === 'x-delayed-until'
}
