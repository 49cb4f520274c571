// What somebody asks a job for, and the same as a command line. No JSX, so that node can test it.
import type { JobBody } from '../../../src/admin/v1/job-json.ts'
import { shellQuoted } from '../../lib/api.ts'
import { counted } from '../../lib/format.ts'
import { plainName } from '../../lib/show-name.ts'
import type { StreamId } from './death-groups.ts'

export type Kind = JobBody['kind']
export type To = 'origin' | 'address' | 'queue' | 'exchange'
export type OnRefused = JobBody['on_refused']

export interface JobForm {
  readonly kind: Kind
  readonly to: To
  /** Of the queue or exchange. */
  readonly name: string
  /** With which it is published there; '' leaves each its own. */
  readonly key: string
  /** Messages a second; '' for no limit. */
  readonly rate: string
  readonly onRefused: OnRefused
}

export interface JobSource {
  readonly stream: StreamId
  /** Which of its messages; undefined: all. */
  readonly filter?: object | undefined
  readonly messages?: JobBody['messages']
}

/** A text says what is missing. */
export function bodyOf(form: JobForm, { stream, filter, messages }: JobSource): object | string {
  const { kind, rate, onRefused } = form
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
  return { to, name, ...(key !== '' && { routing_key: key }) }
}

/** Undefined where no command does it. */
export function cliOf(form: JobForm, { stream, filter, messages }: JobSource): string | undefined {
  const { kind, to, rate, onRefused } = form
  const isOrigin = to === 'origin' && kind !== 'redrive' && kind !== 'delete'
  if (messages !== undefined || isOrigin) return undefined
  const flags = [
    ...(kind === 'delete' ? [] : targetFlags(form)),
    ...(filter === undefined ? [] : [filterFlag(kind, filter)]),
    ...(rate === '' ? [] : [`--rate ${rate}`]),
    ...refusalFlags[onRefused],
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

function targetFlags({ to, name, key }: JobForm): string[] {
  if (to === 'origin') return []
  if (to === 'address') return ['--to-address']
  if (to === 'queue') return [`--to-queue ${shellQuoted(name)}`]
  const flags = [`--to-exchange ${shellQuoted(name === '' ? 'amq.default' : name)}`]
  return key === '' ? flags : [...flags, `--key ${shellQuoted(key)}`]
}

function filterFlag(kind: Kind, filter: object): string {
  const { death } = filter as { readonly death?: object }
  if (kind === 'redrive' && death !== undefined) {
    return `--group ${shellQuoted(JSON.stringify(death))}`
  }
  return `--filter ${shellQuoted(JSON.stringify(filter))}`
}

const verbs = { redrive: 'Redrive', move: 'Move', copy: 'Copy', delete: 'Delete' } as const

/** What stands on the button: `Redrive 12 to orders`. */
export function verbOf(
  { kind, to, name }: JobForm,
  number: number | undefined,
  targets: readonly { readonly queue: string }[],
): string {
  const what = number === undefined ? verbs[kind] : `${verbs[kind]} ${number}`
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
