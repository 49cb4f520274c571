// Properties and headers of a message, each header with its type on the wire.
import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { count, moment } from '../../lib/format.ts'
import { timeZone } from '../../lib/preferences.ts'
import { Facts } from '../../parts/facts.tsx'
import { CopyButton } from '../../parts/values.tsx'
import { headersOf, plainValue, textOf, type TypedHeader, type WholeMessage } from './message.ts'
import { Marked } from './tree-view.tsx'
import { VirtualLines } from './virtual-lines.tsx'
import './headers-view.css'

/** More than these are shown as lines of which only those in sight exist. */
const listMax = 200

const hints: Readonly<Record<string, string>> = {
  delivery_mode: '2 survives a restart, 1 does not',
  expiration: 'Milliseconds after which it dies in a queue',
  timestamp: 'When its publisher says that it was sent, in seconds since 1970',
  user_id: 'Checked by the broker',
}

export function HeadersView({ message }: { readonly message: WholeMessage }): JSX.Element {
  const headers = headersOf(message)
  const { headers: _, ...properties } = message.properties ?? {}
  const facts = Object.entries(properties).map(([name, value]) => ({
    name: name.replaceAll('_', ' '),
    value: <span class="mono">{propertyText(name, value)}</span>,
    hint: hints[name],
  }))
  return (
    <div class="headers">
      {message.properties === undefined && (
        <p class="soft">The properties are too large to be shown.</p>
      )}
      {facts.length > 0 && (
        <section>
          <h3>Properties</h3>
          <Facts facts={facts} />
        </section>
      )}
      {headers.length === 0 ? (
        <p class="soft">It has no headers.</p>
      ) : (
        <HeaderList headers={headers} />
      )}
    </div>
  )
}

function propertyText(name: string, value: unknown): string {
  if (name !== 'timestamp' || typeof value !== 'number') return textOf(value)
  const at = value * 1000
  const isTime = Math.abs(at) <= 8.64e15
  return isTime ? `${value} · ${moment(at, timeZone.value).slice(0, 19)}` : textOf(value)
}

function HeaderList({ headers }: { readonly headers: readonly TypedHeader[] }): JSX.Element {
  const [sought, setSought] = useState('')
  const shown = useMemo(() => {
    const wanted = sought.toLowerCase()
    return headers.filter(
      (header) =>
        wanted === '' || `${header.name}\0${headerText(header)}`.toLowerCase().includes(wanted),
    )
  }, [headers, sought])
  return (
    <section class="headers-list">
      <div class="headers-head">
        <h3>{headers.length === 1 ? '1 header' : `${count(headers.length)} headers`}</h3>
        {headers.length > 8 && (
          <input
            type="search"
            aria-label="Find a header"
            placeholder="Find a header"
            value={sought}
            onInput={({ currentTarget }) => setSought(currentTarget.value)}
          />
        )}
      </div>
      {shown.length > listMax ? (
        <VirtualLines
          label="Headers"
          count={shown.length}
          render={(index) => {
            const header = shown[index]!
            return (
              <div key={index} class="line" title={headerText(header)}>
                <span class="tree-label">{header.name}</span>
                {': '}
                <Marked text={headerText(header).slice(0, 500)} sought={sought} />
              </div>
            )
          }}
        />
      ) : (
        <table class="headers-table">
          <thead class="unseen">
            <tr>
              <th>Name</th>
              <th>Value</th>
              <th>Type</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((header, index) => (
              <tr key={index}>
                <th scope="row" class="mono">
                  <Marked text={header.name} sought={sought} />
                </th>
                <td class="mono">
                  <Marked text={headerText(header).slice(0, 4000)} sought={sought} />{' '}
                  <CopyButton text={headerText(header)} what={`header ${header.name}`} />
                </td>
                <td class="soft">{typeNames[header.type] ?? header.type}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

const typeNames: Readonly<Record<string, string>> = {
  longstr: 'text',
  binary: 'bytes (base64)',
  bool: 'true or false',
  void: 'nothing',
  table: 'table',
  array: 'list',
}

function headerText(header: TypedHeader): string {
  return header.type === 'void' ? 'nothing' : textOf(plainValue(header))
}
