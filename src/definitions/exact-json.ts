// JSON in which numbers stay what they were: integers of 64 bits, and doubles that have no fraction, which
// arguments tell from integers. RabbitMQ writes such a double as `1.0`.

/** A double that is a whole number. */
export class WholeDouble {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** Reads integers that no double holds as bigint, and doubles without a fraction as `WholeDouble`. Throws SyntaxError. */
export function parseExactJson(text: string): unknown {
  if (!perhapsInexact.test(text)) return JSON.parse(text)
  try {
    return JSON.parse(text, revive as Reviver)
  } catch (error) {
    // Only with a reviver V8 goes down by calls.
    if (!(error instanceof RangeError)) throw error
    throw new SyntaxError('its objects and lists are too deep within each other', { cause: error })
  }
}

/** A number for `JSON.stringify` as it stands in the text. */
export function rawNumber(text: string): unknown {
  return (JSON as JsonWithSource).rawJSON(text)
}

/** As it was read by `parseExactJson`: integers and doubles stay what they were. */
export function writeExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return rawNumber(String(each))
    return each instanceof WholeDouble ? rawNumber(doubleText(each.value)) : each
  })
}

/** With what tells it from an integer. */
function doubleText(value: number): string {
  const text = String(value)
  return /[.eE]/.test(text) ? text : `${text}.0`
}

/** A value without `WholeDouble` and bigint, where nobody tells them from numbers. */
export function withPlainNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof WholeDouble) return value.value
  if (Array.isArray(value)) return value.map(withPlainNumbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withPlainNumbers(item)]),
  )
}

/** Such a number, as far as a look can tell: most files have none, and are read seven times as fast. */
const perhapsInexact = /[:[,]\s*-?\d+(?:\.0+(?!\d)|(?:\.\d+)?[eE]|(?<=\d{16}))/

/** Digits and a sign: twice what an integer of 64 bits has. */
const wholeLengthMax = 40

/** ECMAScript 2026, "JSON.parse source text access". */
type JsonWithSource = typeof JSON & { rawJSON(text: string): unknown }
type Reviver = (key: string, value: unknown) => unknown

function revive(_key: string, value: unknown, { source }: { readonly source: string }): unknown {
  if (typeof value !== 'number') return value
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : wholeOf(source)
  return Number.isInteger(value) ? new WholeDouble(value) : value
}

/** Infinity, as `JSON.parse` has it for the largest, for what is far beyond 64 bits: its digits would take a long time. */
function wholeOf(source: string): unknown {
  return source.length > wholeLengthMax ? Infinity : BigInt(source)
}
