// What @stomp/stompjs takes for a WebSocket, over TCP: the library speaks plain STOMP to a broker, as in its own
// examples for Node.
import { connect, type Socket } from 'node:net'
import type { IStompSocket } from '@stomp/stompjs'

export class TcpWebSocket implements IStompSocket {
  url: string
  binaryType = 'arraybuffer' as const
  readyState = 0
  onclose: IStompSocket['onclose'] = undefined
  onerror: IStompSocket['onerror'] = undefined
  onmessage: IStompSocket['onmessage'] = undefined
  onopen: IStompSocket['onopen'] = undefined
  readonly #socket: Socket

  constructor(port: number) {
    this.url = `tcp://127.0.0.1:${port}`
    const socket = connect(port, '127.0.0.1')
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('connect', () => {
      this.readyState = 1
      this.onopen?.()
    })
    socket.on('data', (bytes: Buffer) => this.onmessage?.({ data: new Uint8Array(bytes) }))
    socket.on('error', (error) => this.onerror?.(error))
    socket.on('close', () => {
      this.readyState = 3
      this.onclose?.()
    })
  }

  send(data: Parameters<IStompSocket['send']>[0]): void {
    this.#socket.write(typeof data === 'string' ? data : Buffer.from(data as ArrayBuffer))
  }

  close(): void {
    this.readyState = 2
    this.#socket.end()
  }

  terminate(): void {
    this.#socket.destroy()
  }
}
