// Asks a Kafka broker for its versions again and again, from a thread of its own, and tells how long the
// slowest answer took: what others do to the broker shows in it, and what the test itself does does not.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What the thread runs: it answers each message with the longest wait since the last, in ms. */
const program = `
const { parentPort, workerData } = require('node:worker_threads')
const socket = require('node:net').connect(workerData, '127.0.0.1')
socket.setNoDelay(true)
// ApiVersions, version 0, without a client id.
const request = Buffer.from('0000000a0012000000000001ffff', 'hex')
let longest = 0
let sentAt = 0
let size = 0
let asked = 0
const send = () => { sentAt = performance.now(); size = 0; socket.write(request) }
socket.on('connect', send)
socket.on('data', (chunk) => {
  if (size === 0) size = 4 + chunk.readInt32BE(0)
  size -= chunk.length
  if (size > 0) return
  longest = Math.max(longest, performance.now() - sentAt)
  if (asked > 0) { parentPort.postMessage(longest); asked--; longest = 0 }
  setTimeout(send, 1)
})
parentPort.on('message', () => { asked++ })
socket.on('error', () => parentPort.close())
`

export class PingThread implements AsyncDisposable {
  readonly #worker: Worker

  constructor(port: number) {
    this.#worker = new Worker(program, { eval: true, workerData: port })
  }

  /** The longest wait for an answer since the last call, in ms. */
  async longestMs(): Promise<number> {
    const answer = once(this.#worker, 'message')
    this.#worker.postMessage('tell')
    const [longest] = (await answer) as [number]
    return longest
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
