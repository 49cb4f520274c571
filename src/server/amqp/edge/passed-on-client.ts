// A client whose virtual host another node serves. Its bytes go through; this node says something itself only when
// the other one cannot any more: connection.close with 320, between two frames.
import {
  CONNECTION_CLOSE,
  methodFrameSizeMax,
  writeMethodFrame,
} from '../../../codec/amqp/methods.gen.ts'
import { amqpLimits } from '../../../limits/amqp.ts'
import { type Incoming, takeOver } from '../../byte-source.ts'
import { Relay, type RelayOwner } from '../../relay.ts'
import { makeReply, type Reply } from '../reply.ts'
import type { EdgeContext, RouteElsewhere } from './edge-context.ts'
import { FrameTracker } from './frame-tracker.ts'

export class PassedOnClient implements RelayOwner {
  readonly route: RouteElsewhere
  readonly #relay: Relay
  readonly #tracker = new FrameTracker()
  readonly #onClosed: (client: PassedOnClient) => void
  /** What is said at the end of the frame that has begun, and how long the client has then. */
  #due: { readonly reason: string; readonly waitMs: number } | undefined
  #isEnding = false

  /** `unread` is what the client has sent, beginning with connection.open. */
  constructor(
    { unread, ...client }: Incoming & { readonly unread: Buffer },
    route: RouteElsewhere,
    context: EdgeContext,
    onClosed: (client: PassedOnClient) => void,
  ) {
    this.route = route
    this.#onClosed = onClosed
    const link = takeOver(route.socket, true)
    link.socket.write(unread)
    this.#relay = new Relay(client, link, context, this)
  }

  onFromLink(bytes: Buffer): void {
    if (this.#due === undefined) {
      this.#tracker.follow(bytes)
      this.#relay.toClient(bytes)
      return
    }
    const size = this.#tracker.followToEnd(bytes)
    this.#relay.toClient(bytes.subarray(0, size))
    if (this.#tracker.isBetweenFrames) this.#end(this.#due.reason, this.#due.waitMs)
  }

  /** The owner has said its last word, or could not say one. */
  onLinkEnded(): void {
    const { nodeName } = this.route
    this.#end(`${nodeName}, the node that served its virtual host, is gone`, amqpLimits.closeMsMax)
  }

  onClosed(): void {
    this.#onClosed(this)
  }

  /** Ends the connection, and tells the client why if the owner does not do so meanwhile. */
  close(reason: string, waitMs: number = amqpLimits.closeMsMax): void {
    if (this.#isEnding || this.#due !== undefined) return
    if (this.#tracker.isBetweenFrames || this.#tracker.hasClosed) {
      this.#end(reason, waitMs)
      return
    }
    this.#due = { reason, waitMs }
    this.#relay.endAfter(waitMs)
  }

  #end(reason: string, waitMs: number): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.#relay.cutLink()
    const isOver = this.#tracker.hasClosed || this.#relay.hasClientEnded
    const canSpeak = this.#tracker.isBetweenFrames && !isOver
    if (canSpeak) this.#relay.toClient(closeFrame(makeReply('connection_forced', reason)))
    this.#relay.endClient(waitMs)
  }
}

function closeFrame(reply: Reply): Buffer {
  const method = {
    id: CONNECTION_CLOSE,
    replyCode: reply.code,
    replyText: reply.text,
    classId: 0,
    methodId: 0,
  } as const
  const frame = Buffer.alloc(methodFrameSizeMax(method))
  return frame.subarray(0, writeMethodFrame(frame, 0, 0, method))
}
