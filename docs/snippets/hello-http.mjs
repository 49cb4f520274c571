const api = 'http://localhost:15672/api'
const authorization = `Basic ${btoa('guest:guest')}`
const headers = { 'content-type': 'application/json', authorization }

async function post(path, body) {
  const asked = { method: 'POST', headers, body: JSON.stringify(body) }
  return (await fetch(api + path, asked)).json()
}

await fetch(`${api}/queues/%2F/notes`, { method: 'PUT', headers, body: '{"durable": true}' })
await post('/v1/streams/%2F/notes/messages', { messages: [{ payload: 'Hello, Pabal' }] })
const { messages } = await post('/v1/queues/%2F/notes/receive', { count: 1 })
console.log(messages[0].payload)
await post('/v1/queues/%2F/notes/settle', { ack: [messages[0].receipt] })
