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
        const { service, protocol, tls } = listener
        return (
          <li key={service}>
            <span class="listeners-protocol">
              {protocol === 'metrics' ? 'Metrics' : protocol}
              {tls && <span class="soft"> with TLS</span>}
            </span>
            <code>{address}</code>
            <CopyButton text={address} what={`address of ${service}`} />
          </li>
        )
      })}
    </ul>
  )
}

/** Where clients find a listener: by the name that the browser came by, unless it has an address of its own. */
export function addressOf({ host, port, url }: ListenerJson, browserHost: string): string {
  const [scheme = ''] = url.split(':')
  const isOpen = /^(?:0\.0\.0\.0|::|127\.|::1$|localhost$)/.test(host)
  const name = isOpen ? browserHost : host
  return `${scheme}://${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`
}
