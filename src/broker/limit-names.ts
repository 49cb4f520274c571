// Which limits users and virtual hosts may have.
import { erlangTerm } from './policy/erlang-term.ts'
import { publishRateNames } from './rate/publish-rates.ts'

const rateNames: readonly string[] = Object.values(publishRateNames)

const limitNames: Readonly<Record<'user' | 'vhost', ReadonlySet<string>>> = {
  user: new Set(['max-connections', 'max-channels', ...rateNames]),
  vhost: new Set(['max-connections', 'max-queues', ...rateNames]),
}

/** Why there can be no such limit, whose value is whole; undefined when there can. */
export function whyNoLimit(of: 'user' | 'vhost', name: string, value: number): string | undefined {
  if (!limitNames[of].has(name)) return unknown(of, name, value)
  if (value !== 0 || !rateNames.includes(name)) return undefined
  return `${name} should be above zero, or below zero for no limit`
}

/** In RabbitMQ's words. */
function unknown(of: 'user' | 'vhost', name: string, value: number): string {
  return `Unrecognised terms [{${erlangTerm(name)},${value}}] in ${of}-limits`
}
