// npm install @stomp/stompjs; this one runs in browsers as well
import { Client } from '@stomp/stompjs'

const client = new Client({
  brokerURL: 'ws://localhost:15674/ws',
  connectHeaders: { login: 'guest', passcode: 'guest', host: '/' },
})

client.onConnect = () => {
  const onMessage = (message) => {
    console.log(message.body)
    message.ack()
    void client.deactivate() // the ack goes first
  }
  client.subscribe('/queue/letters', onMessage, { ack: 'client' })
  const headers = { persistent: 'true' }
  client.publish({ destination: '/queue/letters', body: 'Hello, Pabal', headers })
}
client.activate()
