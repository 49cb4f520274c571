// What `pabal publish` publishes: out of a flag, a file or stdin, whole, line by line, or as NDJSON.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { isObject } from '../lib/is-object.ts'
import { programLimits } from '../limits/program.ts'
import { whyNoProperties } from './property-names.ts'
import { payloadBytes } from './show-payload.ts'

/** How an export says that messages are missing. */
export const gapStart = '{"gap":{'

export type InputFormat = 'raw' | 'lines' | 'ndjson'

/** A message as it is published by HTTP. */
export interface MessageIn {
  readonly payload: string
  readonly payload_encoding: 'string' | 'base64'
  readonly routing_key?: string
  readonly properties?: Readonly<Record<string, unknown>>
}

/** `file` may be `-`, which is stdin. Throws an `ExitError` for what cannot be read. */
export async function* readMessages(
  file: string,
  format: InputFormat,
): AsyncGenerator<MessageIn, void, undefined> {
  const input = file === '-' ? process.stdin : createReadStream(file)
  try {
    if (format === 'raw') yield await readWhole(input, file)
    else yield* readLines(input, format)
  } catch (error) {
    if (error instanceof ExitError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new ExitError(exitCodes.noInput, `cannot read messages of ${file}: ${reason}`)
  }
}

async function readWhole(input: Readable, file: string): Promise<MessageIn> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of input as AsyncIterable<Buffer>) {
    size += part.length
    if (size > programLimits.messageSizeCeiling) {
      throw new ExitError(exitCodes.noInput, `${file} is too large for one message`)
    }
    parts.push(part)
  }
  return messageOf(Buffer.concat(parts))
}

/** Text stays text, which is smaller. */
function messageOf(bytes: Buffer): MessageIn {
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes)
    ? { payload: text, payload_encoding: 'string' }
    : { payload: bytes.toString('base64'), payload_encoding: 'base64' }
}

async function* readLines(
  input: Readable,
  format: 'lines' | 'ndjson',
): AsyncGenerator<MessageIn, void, undefined> {
  let number = 0
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number++
    if (format === 'lines') yield { payload: line, payload_encoding: 'string' }
    else if (line.trim() !== '' && !isGap(line)) yield parseLine(line, number)
  }
}

/** What an export says of messages that were trimmed meanwhile, and has told whoever exported them. */
function isGap(line: string): boolean {
  return line.startsWith(gapStart)
}

/** As `-o ndjson` prints messages: what else is in a line is not looked at. */
function parseLine(line: string, number: number): MessageIn {
  const value = parseJson(line)
  const { payload, payload_encoding: encoding = 'string', ...rest } = isObject(value) ? value : {}
  if (typeof payload !== 'string' || (encoding !== 'string' && encoding !== 'base64')) {
    throw new ExitError(
      exitCodes.dataDamaged,
      `line ${number} is no message: write it like {"payload":"text","properties":{}}`,
    )
  }
  const { routing_key: key, properties, payload_bytes: size } = rest
  if (
    typeof size === 'number' &&
    size > payloadBytes({ payload, payload_encoding: encoding }).length
  ) {
    throw new ExitError(
      exitCodes.dataDamaged,
      `line ${number} has the start of a payload of ${size} bytes only: peek with --payload ${size}`,
    )
  }
  return {
    payload,
    payload_encoding: encoding,
    ...(typeof key === 'string' && { routing_key: key }),
    ...(typeof properties === 'object' &&
      properties !== null && { properties: checked(properties, number) }),
  }
}

function checked(properties: object, number: number): Readonly<Record<string, unknown>> {
  const unknown = whyNoProperties(properties)
  if (unknown === undefined) return { ...properties }
  throw new ExitError(exitCodes.dataDamaged, `line ${number}: ${unknown}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
