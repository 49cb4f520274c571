// An invitation to look at a broker with something in it.
import type { JSX } from 'preact'
import { ButtonLink } from '../../parts/button.tsx'
import { CopyButton } from '../../parts/values.tsx'
import './demo-card.css'

const command = 'pabal demo'

export function DemoCard(): JSX.Element {
  return (
    <div class="demo-card">
      <p>
        Or look around with something in it: a shop whose orders come over AMQP, are billed from a
        queue and read over Kafka, for ten minutes. It goes away without a trace.
      </p>
      <p class="demo-card-ways">
        <ButtonLink to="/demo">Open the demo</ButtonLink>
        <code>{command}</code>
        <CopyButton text={command} what="command" />
      </p>
    </div>
  )
}
