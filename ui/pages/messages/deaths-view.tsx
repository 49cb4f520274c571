// Deaths of a message as a line of time, from where it was published to here.
import type { JSX } from 'preact'
import { count } from '../../lib/format.ts'
import { urlOf } from '../../lib/router.ts'
import { At, Name } from '../../parts/values.tsx'
import { type Death, reasonText } from './deaths.ts'
import type { StreamRef, WholeMessage } from './message.ts'
import './deaths-view.css'

export interface DeathsViewProps {
  readonly stream: StreamRef
  readonly message: WholeMessage
  readonly deaths: readonly Death[]
}

export function DeathsView({ stream, message, deaths }: DeathsViewProps): JSX.Element {
  const [first] = deaths
  return (
    <ol class="message-deaths">
      {first !== undefined && (
        <li>
          <span class="message-death-time" />
          <span>
            published to <Exchange name={first.exchange} />
            {first.routingKeys.map((key) => (
              <>
                {' '}
                <Name value={key} />
              </>
            ))}
          </span>
        </li>
      )}
      {deaths.map(({ queue, reason, count: times, time, expiration }, index) => (
        <li key={index} class="message-death">
          <span class="message-death-time">
            <At value={time} />
          </span>
          <span>
            {reasonText(reason)} in{' '}
            <Name value={queue} to={urlOf('/stream', { vhost: stream.vhost, name: queue })} />
            {times > 1 && ` · ${count(times)} times since`}
            {expiration !== undefined && ` · its own time to live was ${expiration} ms`}
          </span>
        </li>
      ))}
      <li>
        <span class="message-death-time">
          <At value={message.time} />
        </span>
        <span>
          came here through <Exchange name={message.exchange} />{' '}
          <Name value={message.routing_key} />
        </span>
      </li>
    </ol>
  )
}

function Exchange({ name }: { readonly name: string }): JSX.Element {
  return name === '' ? <span class="soft">the default exchange as</span> : <Name value={name} />
}
