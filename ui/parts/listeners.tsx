// Where clients connect, each address with a button that copies it.
import type { JSX } from 'preact'
import type { ListenerJson } from '../../src/admin/v1/home/home-json.ts'
import { Skeleton } from './notes.tsx'
import { CopyButton } from './values.tsx'
import './listeners.css'

export function Listeners({
  listeners,
}: {
  readonly listeners: readonly ListenerJson[] | undefined
}): JSX.Element {
  if (listeners === undefined) return <Skeleton lines={4} />
  return (
    <ul class="listeners">
      {listeners.map((listener) => {
        const address = addressOf(listener, location.hostname)
        const { service, protocol, tls, node } = listener
        const what = node === undefined ? service : `${service} of ${node}`
        return (
          <li key={what}>
            <span class="listeners-protocol">
              {protocol === 'metrics' ? 'Metrics' : protocol}
              {isWebSocket(listener) && <span class="soft"> over WebSocket</span>}
              {tls && <span class="soft"> with TLS</span>}
              {node !== undefined && <span class="soft"> at {node}</span>}
            </span>
            <code>{address}</code>
            <CopyButton text={address} what={`address of ${what}`} />
          </li>
        )
      })}
    </ul>
  )
}

/** Where clients find a listener: by the name that the browser came by, unless it has an address of its own. */
function addressOf(listener: ListenerJson, browserHost: string): string {
  const { host, port, url } = listener
  const [scheme = ''] = url.split(':')
  const isOpen = /^(?:0\.0\.0\.0|::|127\.|::1$|localhost$)/.test(host)
  const name = isOpen ? browserHost : host
  const place = `${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`
  return `${scheme}://${place}${isWebSocket(listener) ? '/ws' : ''}`
}

function isWebSocket({ service }: ListenerJson): boolean {
  return /-ws(?:-tls)?$/.test(service)
}
