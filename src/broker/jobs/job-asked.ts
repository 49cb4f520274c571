// What a job is asked to do. All of it is JSON, because it is kept until the job is forgotten.
import { jobLimits } from '../../limits/jobs.ts'
import { bytesOfName } from '../../record/message/name-bytes.ts'
import { preconditionFailed } from '../broker-error.ts'
import type { BrowsePlace } from '../browse/browse-start.ts'
import type { FilterAsked, Scalar } from '../browse/message-filter.ts'

/**
 * - `redrive`: dead letters go back to where they came from.
 * - `move`: messages go elsewhere. `copy`: they stay as well. `delete`: they go.
 * - `undo`: what another job has moved and nobody has taken comes back.
 */
export type JobKind = 'redrive' | 'move' | 'copy' | 'delete' | 'undo'

/** Where messages go. */
export type JobTarget =
  /** The queue in which they died first or last, with the address they had there. */
  | { readonly to: 'origin'; readonly death: 'first' | 'last' }
  /** The exchange to which they were published before they died first, with the routing keys they had. */
  | { readonly to: 'address' }
  | { readonly to: 'queue'; readonly name: string }
  /** Left out, each keeps its routing key. */
  | { readonly to: 'exchange'; readonly name: string; readonly routingKey?: string | undefined }

/** What is different in the messages at their target. */
export interface MessageEdit {
  /** The whole body, in base64. */
  readonly body?: string | undefined
  readonly setHeaders?: Readonly<Record<string, Scalar>> | undefined
  readonly removeHeaders?: readonly string[] | undefined
}

/** Of AMQP's short strings. */
const nameSizeMax = 255

export interface JobAsked {
  readonly kind: JobKind
  readonly vhost: string
  /** Where the messages are; of a `copy` also a topic. */
  readonly queue: string
  /** Only these; left out, all. */
  readonly places?: readonly BrowsePlace[] | undefined
  /** Of them those that fit; left out, all. */
  readonly filter?: FilterAsked | undefined
  /** Of all kinds but `delete` and `undo`. */
  readonly target?: JobTarget | undefined
  readonly edit?: MessageEdit | undefined
  /**
   * What to do at a message that its target does not take: end the job before it, leave it where it is, or wait
   * and try it again, after longer and longer times.
   */
  readonly onRefused: 'stop' | 'skip' | 'wait'
  readonly messagesPerSecond?: number | undefined
  readonly bytesPerSecond?: number | undefined
  /** The job that an `undo` is for. */
  readonly of?: string | undefined
}

/** Throws `precondition_failed` for what makes no sense by itself. */
export function checkAsked(asked: JobAsked): void {
  const { kind, places = [], edit } = asked
  const needsTarget = kind !== 'delete' && kind !== 'undo'
  if (needsTarget) checkTarget(asked)
  else if (asked.target !== undefined) throw preconditionFailed(`a ${kind} has no target`)
  else if (edit !== undefined) throw preconditionFailed(`a ${kind} edits nothing`)
  if (places.length > jobLimits.placesMax) {
    throw preconditionFailed(`a job takes at most ${jobLimits.placesMax} messages one by one`)
  }
  if (edit !== undefined) checkEdit(edit)
}

function checkTarget({ kind, queue, target }: JobAsked): void {
  if (target === undefined) throw preconditionFailed(`a ${kind} needs a target`)
  if (target.to === 'queue' || target.to === 'exchange') checkName(target.to, target.name)
  if (target.to === 'exchange') checkName('routing key', target.routingKey ?? '')
  if (kind !== 'copy' && target.to === 'queue' && target.name === queue) {
    throw preconditionFailed('the messages are in that queue already')
  }
}

function checkName(what: string, name: string): void {
  if (Buffer.byteLength(bytesOfName(name)) <= nameSizeMax) return
  throw preconditionFailed(`the name of the ${what} has more than ${nameSizeMax} bytes`)
}

function checkEdit({ body = '', setHeaders = {}, removeHeaders = [] }: MessageEdit): void {
  const { editedBodySizeMax, editedHeadersMax } = jobLimits
  if (Buffer.byteLength(body, 'base64') > editedBodySizeMax) {
    throw preconditionFailed(`an edited body has at most ${editedBodySizeMax} bytes`)
  }
  const names = [...Object.keys(setHeaders), ...removeHeaders]
  if (names.length > editedHeadersMax) {
    throw preconditionFailed(`an edit changes at most ${editedHeadersMax} headers`)
  }
  const tooLong = names.find((name) => name === '' || Buffer.byteLength(name) > nameSizeMax)
  if (tooLong !== undefined) throw preconditionFailed('a header has a name of 1 to 255 bytes')
}
