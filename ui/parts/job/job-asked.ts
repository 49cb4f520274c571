// What somebody asks a job for, and the same as a command line. No JSX, so that node can test it.
import type { JobBody } from '../../../src/admin/v1/job-json.ts'
import { shellQuoted } from '../../lib/api.ts'
import { count, counted } from '../../lib/format.ts'
import { plainName } from '../../lib/show-name.ts'
import type { StreamPlace } from '../stream-tabs.tsx'

/** What it is about. */
export type JobKind = JobBody['kind']
export type To = 'origin' | 'address' | 'queue' | 'exchange'
export type OnRefused = JobBody['on_refused']

export interface JobForm {
  readonly kind: JobKind
  readonly to: To
  /** Of the queue or exchange. */
  readonly name: string
  /** With which it is published there; '' leaves each its own. */
  readonly key: string
  /** Messages a second; '' for no limit. */
  readonly rate: string
  readonly onRefused: OnRefused
}

/** Which messages: some by their places, those that a filter finds, or all that are ready. */
export interface JobSource {
  readonly stream: StreamPlace
  readonly filter?: JobBody['filter']
  readonly messages?: JobBody['messages']
}

/** The filter, when it leaves anything out. */
function narrowing({ filter }: JobSource): object | undefined {
  return filter === undefined || Object.keys(filter).length === 0 ? undefined : filter
}

/** A text says what is missing. */
export function bodyOf(form: JobForm, source: JobSource): object | string {
  const { kind, rate, onRefused } = form
  const { stream, messages } = source
  const filter = narrowing(source)
  const target = targetOf(form)
  if (typeof target === 'string') return target
  if (rate !== '' && !/^\d{1,9}(?:\.\d{1,3})?$/.test(rate)) return 'The rate is a number'
  if (rate !== '' && Number(rate) === 0) return 'The rate is above 0'
  return {
    kind,
    queue: stream.name,
    ...(target !== undefined && { target }),
    ...(filter !== undefined && { filter }),
    ...(messages !== undefined && { messages }),
    ...(onRefused !== 'stop' && { on_refused: onRefused }),
    ...(rate !== '' && { messages_per_second: Number(rate) }),
  }
}

function targetOf({ kind, to, name, key }: JobForm): object | string | undefined {
  if (kind === 'delete') return undefined
  if (to === 'origin') return kind === 'redrive' ? undefined : { to: 'origin' }
  if (to === 'address') return { to }
  if (to === 'queue') return name === '' ? 'Which queue?' : { to, name }
  if (name === '') return 'Which exchange?'
  const exchange = name === defaultExchange ? '' : name
  return { to, name: exchange, ...(key !== '' && { routing_key: key }) }
}

/** As one types it; its name is empty. */
export const defaultExchange = 'amq.default'

/** Undefined where no command does it. */
export function cliOf(form: JobForm, source: JobSource): string | undefined {
  const { kind, rate, onRefused } = form
  const { stream, messages } = source
  const targets = targetFlags(form)
  const filters = filterFlags(kind, narrowing(source))
  if (messages !== undefined || targets === undefined || filters === undefined) return undefined
  const flags = [
    ...targets,
    ...filters,
    ...(rate === '' ? [] : [`--rate ${rate}`]),
    ...(kind === 'delete' ? [] : refusalFlags[onRefused]),
    ...(stream.vhost === '/' ? [] : [`--vhost ${shellQuoted(stream.vhost)}`]),
  ]
  const command = kind === 'redrive' ? 'dlq redrive' : `job ${kind}`
  return ['pabal', command, shellQuoted(stream.name), ...flags].join(' ')
}

const refusalFlags: Readonly<Record<OnRefused, readonly string[]>> = {
  stop: [],
  skip: ['--skip'],
  wait: ['--retry'],
}

/** Only the command for dead letters knows the way back. */
function targetFlags({ kind, to, name, key }: JobForm): string[] | undefined {
  if (kind === 'delete') return []
  if (to === 'origin') return kind === 'redrive' ? [] : undefined
  if (to === 'address') return kind === 'redrive' ? ['--to-address'] : undefined
  if (to === 'queue') return [`--to-queue ${shellQuoted(name)}`]
  const flags = [`--to-exchange ${shellQuoted(name)}`]
  return key === '' ? flags : [...flags, `--key ${shellQuoted(key)}`]
}

/** The command for dead letters takes a group of them, and no other filter. */
function filterFlags(kind: JobKind, filter: object | undefined): string[] | undefined {
  if (filter === undefined) return []
  if (kind !== 'redrive') return [`--filter ${shellQuoted(JSON.stringify(filter))}`]
  const { death, ...others } = filter as { readonly death?: object }
  if (death === undefined || Object.keys(others).length > 0) return undefined
  return [`--group ${shellQuoted(JSON.stringify(death))}`]
}

/** The kinds as orders. */
export const jobVerbs = {
  redrive: 'Redrive',
  move: 'Move',
  copy: 'Copy',
  delete: 'Delete',
} as const

/** What stands on the button: `Redrive 12 to orders`. */
export function verbOf(
  { kind, to, name }: JobForm,
  number: number | undefined,
  targets: readonly { readonly queue: string }[],
): string {
  const what = number === undefined ? jobVerbs[kind] : `${jobVerbs[kind]} ${count(number)}`
  if (kind === 'delete') return number === undefined ? what : `Delete ${counted(number, 'message')}`
  if (to === 'queue' && name !== '') return `${what} to ${short(name)}`
  if (to === 'exchange' && name !== '') return `${what} through ${short(name)}`
  const [only] = targets
  if (only !== undefined && targets.length === 1) return `${what} to ${short(only.queue)}`
  return what
}

function short(name: string): string {
  const plain = plainName(name)
  return plain.length > 30 ? `${plain.slice(0, 29)}…` : plain
}
