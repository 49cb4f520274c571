// The same as command lines and calls: what the page does to exchanges and bindings.
import type { TopologyBindingJson } from '../../../src/admin/v1/topology-json.ts'
import { ask, curlOf, type Method, shellQuoted } from '../../lib/api.ts'
import { apiPath } from '../../lib/names.ts'

/** Something that is done: by a call of the API, which a command line may do as well. */
export interface Action {
  readonly cli: string
  readonly curl: string
  readonly run: () => Promise<unknown>
}

export interface BindingEnds {
  readonly vhost: string
  readonly source: string
  readonly destination: string
  readonly isToExchange: boolean
}

export function bindAction(
  ends: BindingEnds,
  { routing_key: key, arguments: args }: Omit<TopologyBindingJson, 'properties_key'>,
): Action {
  const body = { routing_key: key, arguments: args }
  return action('POST', bindingsPath(ends), body, `bind ${endsText(ends)}${keyText(key, args)}`)
}

export function unbindAction(ends: BindingEnds, binding: TopologyBindingJson): Action {
  const { properties_key: properties, routing_key: key, arguments: args } = binding
  const path = bindingsPath(ends) + apiPath`/${properties}`
  return action('DELETE', path, undefined, `unbind ${endsText(ends)}${keyText(key, args)}`)
}

export interface ExchangeAsked {
  readonly type: string
  readonly durable: boolean
  readonly auto_delete: boolean
  readonly internal: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

export function declareExchange(vhost: string, name: string, asked: ExchangeAsked): Action {
  const flags = [
    ` --type ${shellQuoted(asked.type)}`,
    argumentsText(asked.arguments),
    asked.durable ? '' : ' --transient',
    asked.auto_delete ? ' --auto-delete' : '',
    asked.internal ? ' --internal' : '',
    vhostText(vhost),
  ].join('')
  const path = apiPath`/exchanges/${vhost}/${name}`
  return action('PUT', path, asked, `exchange create ${shellQuoted(name)}${flags}`)
}

export function deleteExchange(vhost: string, name: string): Action {
  const path = apiPath`/exchanges/${vhost}/${name}`
  const command = `exchange delete ${shellQuoted(name)}${vhostText(vhost)}`
  return action('DELETE', path, undefined, command)
}

/** A message as one would publish it. */
export interface MessageAsked {
  readonly vhost: string
  readonly exchange: string
  readonly routingKey: string
  readonly headers: Readonly<Record<string, unknown>>
}

export function routeTest({ vhost, exchange, routingKey, headers }: MessageAsked): Action {
  const properties = Object.keys(headers).length === 0 ? {} : { headers }
  const body = { vhost, exchange, routing_key: routingKey, properties }
  const command = `route-test ${shellQuoted(exchange)} ${shellQuoted(routingKey)}`
  const flags = headersText(headers) + vhostText(vhost)
  return action('POST', '/v1/route-test', body, command + flags)
}

export function publishAction(message: MessageAsked, payload: string, messageId: string): Action {
  const { vhost, exchange, routingKey, headers } = message
  const path = apiPath`/v1/exchanges/${vhost}/${exchange === '' ? 'amq.default' : exchange}/messages`
  const properties = {
    ...(messageId !== '' && { message_id: messageId }),
    ...(Object.keys(headers).length > 0 && { headers }),
  }
  const body = { messages: [{ routing_key: routingKey, payload, properties }] }
  const target =
    exchange === ''
      ? shellQuoted(routingKey)
      : `${shellQuoted(exchange)} --to-exchange --key ${shellQuoted(routingKey)}`
  const id = messageId === '' ? '' : ` --property message_id=${shellQuoted(messageId)}`
  const text = ` --payload ${shellQuoted(payload)}${headersText(headers)}${id}${vhostText(vhost)}`
  return action('POST', path, body, `publish ${target}${text}`)
}

function action(method: Method, path: string, body: unknown, command: string): Action {
  return {
    cli: `pabal ${command}`,
    curl: curlOf(method, path, body),
    run: () => ask(method, path, body),
  }
}

function bindingsPath({ vhost, source, destination, isToExchange }: BindingEnds): string {
  const kind = isToExchange ? 'e' : 'q'
  return apiPath`/bindings/${vhost}/e/${source}/${kind}/${destination}`
}

function endsText({ vhost, source, destination, isToExchange }: BindingEnds): string {
  const to = isToExchange ? ' --to-exchange' : ''
  return `${shellQuoted(source)} ${shellQuoted(destination)}${to}${vhostText(vhost)}`
}

function keyText(key: string, args: Readonly<Record<string, unknown>>): string {
  return (key === '' ? '' : ` --key ${shellQuoted(key)}`) + argumentsText(args)
}

function argumentsText(args: Readonly<Record<string, unknown>>): string {
  return pairsText('--argument', args)
}

function headersText(headers: Readonly<Record<string, unknown>>): string {
  return pairsText('--header', headers)
}

function pairsText(flag: string, pairs: Readonly<Record<string, unknown>>): string {
  return Object.entries(pairs)
    .map(([name, value]) => ` ${flag} ${shellQuoted(`${name}=${valueText(value)}`)}`)
    .join('')
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function vhostText(vhost: string): string {
  return vhost === '/' ? '' : ` --vhost ${shellQuoted(vhost)}`
}
