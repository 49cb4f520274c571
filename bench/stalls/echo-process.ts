// A process that sends back whatever it gets and does nothing else: how long it takes is what the
// machine adds to every answer. It ends with the one that started it.
import { type AddressInfo, createServer } from 'node:net'

const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.pipe(socket)
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit(0))
