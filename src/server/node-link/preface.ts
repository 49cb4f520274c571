// What one node says to another before bytes of a client go through: for which cell, and for which protocol.

/** What a link carries after its preface. */
export type LinkProtocol = 'amqp' | 'kafka' | 'mqtt' | 'stomp' | 'http'

export interface Preface {
  readonly protocol: LinkProtocol
  readonly cell: number
  /** The node that asks. */
  readonly from: string
  /** What belongs to the protocol, as JSON. Nodes of a later version may say more. */
  readonly facts: object
}

/**
 * Why a node does not take a link. `not-owner`: it does not serve the cell (yet, or any more), so whoever asks looks
 * again; `no-memory`: it takes no clients now; `unusable`: it cannot make sense of the preface.
 */
export type LinkRefusal = 'not-owner' | 'no-memory' | 'unusable'

export type LinkAnswer =
  | { readonly isAccepted: true; readonly epoch: number }
  | { readonly isAccepted: false; readonly refusal: LinkRefusal; readonly text: string }

const protocols: readonly unknown[] = [
  'amqp',
  'kafka',
  'mqtt',
  'stomp',
  'http',
] satisfies LinkProtocol[]
const refusals: readonly unknown[] = ['not-owner', 'no-memory', 'unusable'] satisfies LinkRefusal[]

export function encodePreface(preface: Preface): Buffer {
  return Buffer.from(JSON.stringify(preface))
}

/** Undefined for what is no preface. */
export function decodePreface(bytes: Buffer): Preface | undefined {
  const { protocol, cell, from, facts } = fieldsOf(bytes)
  const isPreface =
    protocols.includes(protocol) &&
    Number.isSafeInteger(cell) &&
    typeof from === 'string' &&
    typeof facts === 'object' &&
    facts !== null
  return isPreface ? ({ protocol, cell, from, facts } as Preface) : undefined
}

export function encodeAnswer(answer: LinkAnswer): Buffer {
  return Buffer.from(JSON.stringify(answer))
}

/** A refusal of a later version counts as `unusable`. Undefined for what is no answer. */
export function decodeAnswer(bytes: Buffer): LinkAnswer | undefined {
  const { isAccepted, epoch, refusal, text } = fieldsOf(bytes)
  if (isAccepted === true && Number.isSafeInteger(epoch)) {
    return { isAccepted, epoch: epoch as number }
  }
  if (isAccepted !== false || typeof text !== 'string') return undefined
  const known = refusals.includes(refusal) ? (refusal as LinkRefusal) : 'unusable'
  return { isAccepted, refusal: known, text }
}

function fieldsOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
