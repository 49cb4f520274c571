// MQTT.js and stompjs in a real browser, on a page that another server has: at the ports of WebSocket and at the HTTP port.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { type RunningBroker, startBroker } from '../../src/start-broker.ts'
import { otherPortsOff } from '../support/other-ports-off.ts'
import { findChromium, noChromium } from './support/find-chromium.ts'

const modules = join(import.meta.dirname, '../../node_modules')
const scripts: Readonly<Record<string, string>> = {
  '/mqtt.js': join(modules, 'mqtt/dist/mqtt.min.js'),
  '/stomp.js': join(modules, '@stomp/stompjs/bundles/stomp.umd.min.js'),
}
const html = '<!doctype html><script src="/mqtt.js"></script><script src="/stomp.js"></script>'

/** What the page gets back of what it sends, or why it gets nothing. Runs in the browser. */
const exchanges = {
  mqtt: `url => new Promise(resolve => {
    const client = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0 })
    client.on('error', error => resolve('error'))
    client.on('close', () => resolve('closed'))
    client.on('message', (topic, payload) => resolve(topic + ' ' + payload.length + ' ' + payload[69999]))
    client.on('connect', async () => {
      await client.subscribeAsync('from/the.page', { qos: 2 })
      await client.publishAsync('from/the.page', new Uint8Array(70000).fill(7), { qos: 2 })
    })
  })`,
  stomp: `url => new Promise(resolve => {
    const client = new StompJs.Client({ brokerURL: url, reconnectDelay: 0,
      connectHeaders: { login: 'guest', passcode: 'guest' } })
    const bodies = []
    client.onWebSocketClose = () => resolve('closed')
    client.onConnect = () => {
      client.subscribe('/queue/page', message => {
        bodies.push([...message.binaryBody].join(','))
        if (bodies.length === 2) resolve(bodies.join(' '))
      })
      client.publish({ destination: '/queue/page', body: 'é' })
      client.publish({ destination: '/queue/page', binaryBody: new Uint8Array([0, 255]) })
    }
    client.activate()
  })`,
} as const

describe('a page in a browser', { skip: noChromium }, () => {
  let broker: RunningBroker
  let pages: Server
  let browser: Browser
  let page: Page

  before(async () => {
    const ports = { amqpPort: 'off', kafkaPort: 'off', httpPort: 0 } as const
    const sockets = { mqttWsPort: 0, stompWsPort: 0 } as const
    broker = await startBroker({ storage: 'memory', ...otherPortsOff, ...ports, ...sockets })
    pages = createServer(({ url = '' }, response) => {
      const script = scripts[url]
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
      response.end(script === undefined ? html : readFileSync(script))
    })
    pages.listen(0, '127.0.0.1')
    await once(pages, 'listening')
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']
    browser = await chromium.launch({ executablePath: findChromium() ?? '', args })
    page = await browser.newPage()
  })

  after(async () => {
    await browser?.close()
    pages?.close()
    await broker?.close()
  })

  const exchange = async (
    protocol: keyof typeof exchanges,
    place: string,
    host = '127.0.0.1',
  ): Promise<string> => {
    const [service = '', path = ''] = place.split(' ')
    const { port } = pages.address() as { readonly port: number }
    await page.goto(`http://${host}:${port}/`)
    const url = `ws://127.0.0.1:${broker.addresses[service]?.port}${path}`
    return page.evaluate<string>(`(${exchanges[protocol]})(${JSON.stringify(url)})`)
  }

  for (const place of ['mqtt-ws /mqtt', 'http /ws']) {
    test(`publishes and receives by MQTT.js at ${place}`, async () => {
      assert.equal(await exchange('mqtt', place), 'from/the.page 70000 7')
    })
  }

  for (const place of ['stomp-ws /ws', 'http /ws']) {
    test(`sends and receives by stompjs at ${place}, text and bytes`, async () => {
      assert.equal(await exchange('stomp', place), '195,169 0,255')
    })
  }

  test('gets in nowhere when it is of another host', async () => {
    for (const place of ['mqtt-ws /mqtt', 'http /mqtt']) {
      assert.match(await exchange('mqtt', place, 'evil.localhost'), /^(?:error|closed)$/)
    }
  })
})
