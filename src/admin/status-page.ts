// The one-page status: HTML without scripts or assets, refreshed by the browser.
import { html } from 'hono/html'
import { formatAddress } from '../lib/listen.ts'
import type { BrokerState, BrokerStatus } from './broker-status.ts'

/** What `html` makes: text that is already escaped. */
type Html = ReturnType<typeof html>

const refreshSeconds = 5

const style = `
  :root { color-scheme: light dark; --line: #8884; --soft: #8889; --good: #2e9e5b; --bad: #d64545; --busy: #c98a1b }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 8vh auto; padding: 0 1.5rem }
  h1 { font-size: 1.5rem; margin: 0 } h1 small { font-weight: 400; color: var(--soft); font-size: 1rem }
  .state { color: var(--good); margin: .2rem 0 2rem } .starting, .maintenance, .stopping { color: var(--busy) }
  .blocked { color: var(--bad) }
  .counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 0 0 2rem }
  .counts div { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1rem }
  .counts dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums }
  dt { color: var(--soft); font-size: .85rem }
  table { border-collapse: collapse; width: 100% } td { border-top: 1px solid var(--line); padding: .45rem 0 }
  td:first-child { color: var(--soft); width: 9rem } code { font-size: .95em; overflow-wrap: anywhere }
`

const stateText: Readonly<Record<BrokerState, string>> = {
  starting: '◌ starting',
  ready: '● ready',
  maintenance: '◌ in maintenance: no clients are let in',
  stopping: '◌ stopping',
}

/** `3 d 4 h`, `4 h 5 min`, `5 min 6 s`, `6 s`. */
export function formatUptime(ms: number): string {
  let rest = Math.floor(ms / 1000)
  const parts: string[] = []
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds)
    rest -= count * seconds
    if (count > 0 || (unit === 's' && parts.length === 0)) parts.push(`${count} ${unit}`)
  }
  return parts.slice(0, 2).join(' ')
}

function count(name: string, value: number): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value.toLocaleString('en')}</dd>
  </div>`
}

function row(name: string, value: string): Html {
  return html`<tr>
    <td>${name}</td>
    <td><code>${value}</code></td>
  </tr>`
}

function stateLine({ state, blockedReason }: BrokerStatus): Html {
  if (blockedReason === undefined) return html`<p class="state ${state}">${stateText[state]}</p>`
  return html`<p class="state blocked">● publishers are blocked: ${blockedReason}</p>`
}

/** The status as a web page. */
export function renderStatusPage(status: BrokerStatus): Html {
  const { counts, messages } = status
  const addresses = Object.entries(status.addresses)
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="refresh" content="${refreshSeconds}" />
        <title>Pabal: ${status.state}</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <h1>Pabal <small>${status.version}</small></h1>
        ${stateLine(status)}
        <dl class="counts">
          ${count('Messages ready', counts.messagesReady)}
          ${count('Unacked', counts.messagesUnacked)} ${count('Queues', counts.queues)}
          ${count('Exchanges', counts.exchanges)} ${count('Consumers', counts.consumers)}
          ${count('Channels', counts.channels)} ${count('Connections', counts.connections)}
        </dl>
        <dl class="counts">
          ${count('Published', messages.published)} ${count('Confirmed', messages.confirmed)}
          ${count('Delivered', messages.delivered)} ${count('Redelivered', messages.redelivered)}
          ${count('Acked', messages.acked)} ${count('Returned', messages.returned)}
          ${count('Dropped', messages.dropped)} ${count('Fetched', messages.fetched)}
        </dl>
        <table>
          ${addresses.map(([service, address]) => row(service, formatAddress(address)))}
          ${row('data', status.dataFolder ?? 'in memory')}
          ${row('up for', formatUptime(status.uptimeMs))}
        </table>
      </body>
    </html>`
}
