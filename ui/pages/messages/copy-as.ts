// A message as something to paste elsewhere: a command that publishes it again, a call of the API, or JSON.
import { curlOf, isTypable, shellQuoted } from '../../lib/api.ts'
import { apiPath } from '../../lib/names.ts'
import { commandOn } from '../streams/command-on.ts'
import { isEmptyFilter } from './filter-terms.ts'
import type { PagesAsked } from './message-pages.ts'
import { headersOf, plainValue, type StreamRef, textOf, type WholeMessage } from './message.ts'

/** What the API takes to publish it again. */
export function publishedAs({ properties, payload, payload_encoding: encoding }: WholeMessage): {
  readonly properties: object
  readonly payload: string
  readonly payload_encoding: string
} {
  return {
    properties: properties ?? {},
    payload: payload ?? '',
    payload_encoding: encoding ?? 'string',
  }
}

export function asCurl({ vhost, name }: StreamRef, message: WholeMessage): string {
  const body = { messages: [publishedAs(message)] }
  return curlOf('POST', apiPath`/v1/streams/${vhost}/${name}/messages`, body)
}

export function asCommand(stream: StreamRef, message: WholeMessage): string {
  const { headers: _, ...properties } = message.properties ?? {}
  const words = ['pabal', 'publish', stream.name]
  if (stream.vhost !== '/') words.push('--vhost', stream.vhost)
  for (const [name, value] of Object.entries(properties)) {
    if (name !== 'delivery_mode') words.push('--property', `${name}=${textOf(value)}`)
  }
  for (const header of headersOf(message)) {
    words.push('-H', `${header.name}=${textOf(plainValue(header))}`)
  }
  const payload = message.payload ?? ''
  const isText = message.payload_encoding !== 'base64'
  const isArgument = isText && isTypable(payload)
  if (isArgument) words.push('--payload', payload)
  const command = words.map(shellQuoted).join(' ')
  if (isArgument) return command
  return `base64 -d <<< ${shellQuoted(isText ? base64Of(payload) : payload)} | ${command}`
}

function base64Of(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return btoa(bytes)
}

/** What shows the same list in a terminal. */
export function peekCommand(asked: PagesAsked): string | undefined {
  const { order, from } = asked
  const start = from ?? (order === 'newest' ? 'last' : undefined)
  const words = start === undefined ? [] : ['--from', start]
  return commandOn('peek', asked, [...words, ...whichWords({ ...asked, vhost: '/' })])
}

export function tailCommand(asked: PagesAsked): string | undefined {
  return commandOn('tail', asked, whichWords({ ...asked, vhost: '/' }))
}

type Which = Pick<PagesAsked, 'vhost' | 'partition' | 'filter'>

function whichWords({ vhost, partition, filter }: Which): string[] {
  const words: string[] = []
  if (partition !== undefined) words.push('--partition', partition)
  if (vhost !== '/') words.push('--vhost', vhost)
  if (!isEmptyFilter(filter)) words.push('--filter', JSON.stringify(filter))
  return words
}
