// The property `expiration`: milliseconds as decimal text. RabbitMQ refuses anything else, and tells
// what is wrong as an Erlang term.
import { brokerLimits } from '../../limits/broker.ts'
import { preconditionFailed } from '../broker-error.ts'

const plainNumber = /^\d{1,11}$/
const leadingNumber = /^[+-]?\d+/

/** Throws `precondition_failed`, with RabbitMQ's text, when `expiration` is no time to live. */
export function checkExpiration(expiration: string): void {
  if (plainNumber.test(expiration)) return
  const reason = findFault(expiration)
  if (reason !== undefined) {
    throw preconditionFailed(`invalid expiration '${expiration}': ${reason}`)
  }
}

function findFault(expiration: string): string | undefined {
  const digits = leadingNumber.exec(expiration)?.[0]
  if (digits === undefined) return 'no_integer'
  if (digits.length < expiration.length) {
    return `{leftover_string,${erlangString(expiration.slice(digits.length))}}`
  }
  const milliseconds = BigInt(digits.replace('+', ''))
  if (milliseconds < 0n) return `{value_negative,${milliseconds}}`
  if (milliseconds > brokerLimits.expirationMsMax) return `{value_too_large,${milliseconds}}`
  return undefined
}

/** Printed by ~p: Erlang keeps a string as numbers, here its bytes, and shows text where it can. */
function erlangString(text: string): string {
  const bytes = [...Buffer.from(text)]
  if (!bytes.every(isPrintable)) return `[${bytes.join(',')}]`
  return `"${Array.from(text, (char) => escapes[char] ?? char).join('')}"`
}

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\v': '\\v',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u001b': '\\e',
}

/** In Latin-1, which is what ~p takes bytes for. */
function isPrintable(byte: number): boolean {
  return (
    (byte >= 0x20 && byte < 0x7f) || byte >= 0xa0 || (byte >= 0x08 && byte <= 0x0d) || byte === 0x1b
  )
}
