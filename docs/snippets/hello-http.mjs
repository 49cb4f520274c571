async function call(method, path, body) {
  const response = await fetch(`http://localhost:15672/api${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('guest:guest')}` },
    body: JSON.stringify(body),
  })
  return response.json().catch(() => undefined)
}

await call('PUT', '/queues/%2F/notes', { durable: true })
await call('POST', '/v1/streams/%2F/notes/messages', { messages: [{ payload: 'Hello, Pabal' }] })
const { messages } = await call('POST', '/v1/queues/%2F/notes/receive', { count: 1 })
console.log(messages[0].payload)
await call('POST', '/v1/queues/%2F/notes/settle', { ack: [messages[0].receipt] })
