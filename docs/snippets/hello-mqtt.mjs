// npm install mqtt
import mqtt from 'mqtt'

const client = await mqtt.connectAsync('mqtt://guest:guest@localhost:1883')
const hello = { qos: 1, retain: true }
await client.publishAsync('greetings/hello', 'Hello, Pabal', hello)

client.on('message', (topic, payload) => {
  console.log(payload.toString())
  client.end() // the ack goes first
})
await client.subscribeAsync('greetings/#', { qos: 1 })
