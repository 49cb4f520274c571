// One message for people: what is known of it, below each other, then its properties and headers, each in a line.
import { showPayload, type ShownPayload } from './show-payload.ts'
import { type Row, type Shown, showOne, showRows } from './show-rows.ts'
import type { Terminal } from './terminal.ts'

/** A value of a header as the broker answers it where nothing of it may be lost. */
interface TypedValue {
  readonly type: string
  readonly value: unknown
  readonly encoding?: string
}

interface TypedHeader extends TypedValue {
  readonly name: string
}

/** As the broker answers one by its place. */
export interface PrintedMessage extends Row, ShownPayload {
  readonly properties?: Readonly<Record<string, unknown>>
}

export interface PrintOptions {
  readonly shown: Shown
  readonly format: 'table' | 'wide'
  /** What stands for a payload that is not there. */
  readonly noPayload: string
}

/** Prints `message` with the columns of `shown`, and its payload in place of that column. */
export async function printMessage(
  { properties = {}, ...message }: PrintedMessage,
  { shown, format, noPayload }: PrintOptions,
  terminal: Terminal,
): Promise<void> {
  const payload = message.payload === undefined ? noPayload : showPayload(message)
  await showOne({ ...shown, row: { ...message, payload } }, format, terminal)
  terminal.print('')
  const columns = ['property', 'value']
  const rows = propertyRows(properties)
  const title = 'properties'
  await showRows({ title, columns, wideColumns: ['type'], rows }, format, terminal)
}

/** Headers are the last ones, in the order in which they were sent. */
function propertyRows({ headers = [], ...properties }: Readonly<Record<string, unknown>>): Row[] {
  return [
    ...Object.entries(properties).map(([property, value]) => ({ property, value, type: '' })),
    ...(headers as readonly TypedHeader[]).map(({ name, ...typed }) => ({
      property: `header ${name}`,
      value: showTyped(typed),
      type: typed.type,
    })),
  ]
}

/** Bytes as a payload's; a table and a list as JSON, where each value is shown like this. */
function showTyped(typed: TypedValue): string {
  const plain = plainOf(typed)
  return typeof plain === 'string' ? plain : JSON.stringify(plain)
}

function plainOf({ type, value, encoding }: TypedValue): unknown {
  switch (type) {
    case 'table':
      return Object.fromEntries(
        (value as readonly TypedHeader[]).map(({ name, ...typed }) => [name, plainOf(typed)]),
      )
    case 'array':
      return (value as readonly TypedValue[]).map(plainOf)
    case 'binary':
      return hexOf(String(value))
    case 'decimal': {
      const { scale, unscaled } = value as { readonly scale: number; readonly unscaled: number }
      return unscaled / 10 ** scale
    }
    default:
      return encoding === 'base64' ? hexOf(String(value)) : value
  }
}

function hexOf(base64: string): string {
  return `0x${Buffer.from(base64, 'base64').toString('hex')}`
}
