// Pictures of every page of the UI, wide and narrow, light and dark, of a broker with much on it.
//   npm run screenshots                  into docs/images/ui
//   npm run screenshots -- --output FOLDER --only stream,deaths --warm-up 12
// Where ImageMagick's `convert` is, their colours are reduced to a palette, which makes them a third as large.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { BusyBroker } from '../test/ui/support/busy-broker.ts'
import { UiUnderTest, whenLive } from '../test/ui/support/open-ui.ts'

const shots: Readonly<Record<string, string>> = {
  home: '/',
  streams: '/streams?sort=messages&desc=true',
  stream: '/stream?vhost=%2F&name=orders.created',
  messages: '/stream/messages?vhost=%2F&name=orders.created',
  consumers: '/stream/consumers?vhost=%2F&name=page-views',
  'stream-deaths': '/stream/deaths?vhost=%2F&name=dead.orders',
  deaths: '/deaths',
  jobs: '/jobs',
  schedule: '/schedule',
  transactions: '/transactions',
  topology: '/topology',
  trace: '/trace',
  connections: '/connections',
  access: '/access',
  storage: '/storage',
  settings: '/settings',
  start: '/start',
  demo: '/demo',
}

const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
] as const

/** Bytes of all pictures: they are in the repository. */
const sizeMax = 6_000_000

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      output: { type: 'string', default: path.join(import.meta.dirname, '../docs/images/ui') },
      only: { type: 'string' },
      // Seconds of traffic before the first picture: charts show minutes.
      'warm-up': { type: 'string', default: '120' },
    },
  })
  const names = values.only?.split(',') ?? Object.keys(shots)
  mkdirSync(values.output, { recursive: true })
  const ui = new UiUnderTest()
  try {
    await ui.start()
    await using _busy = await BusyBroker.start(ui)
    await warmUp(ui, Number(values['warm-up']) * 1000)
    await takeAll(ui, names, values.output)
  } finally {
    await ui.close()
  }
  const size = readdirSync(values.output)
    .map((name) => statSync(path.join(values.output, name)).size)
    .reduce((sum, each) => sum + each, 0)
  console.log(`${(size / 1e6).toFixed(1)} MB in ${values.output}`)
  if (size > sizeMax) process.exitCode = 1
}

/** Rates are of samples that are taken once somebody has asked. */
async function warmUp(ui: UiUnderTest, ms: number): Promise<void> {
  const pages = [await ui.open('/streams'), await ui.open('/connections')]
  await pages[0]?.waitForTimeout(ms)
  for (const page of pages) await page.close()
}

async function takeAll(ui: UiUnderTest, names: readonly string[], output: string): Promise<void> {
  for (const size of sizes) {
    for (const theme of ['light', 'dark'] as const) {
      const page = await ui.open('/', { ...size, theme })
      for (const name of names) {
        await page.goto(`${ui.url}${shots[name] ?? name}`)
        await whenLive(page)
        await using _shown = name === 'demo' ? await beginDemo(ui, page) : undefined
        const file = path.join(output, `${name}-${size.width}-${theme}.png`)
        await page.screenshot({ path: file })
        reduceColours(file)
      }
      await page.close()
    }
  }
}

/** Until order 1234 has come. */
const demoMs = 16_000

/** It is there for its own pictures only. */
async function beginDemo(ui: UiUnderTest, page: Page): Promise<AsyncDisposable> {
  await ui.ask('POST', '/v1/demo', {})
  await page.waitForTimeout(demoMs)
  return {
    [Symbol.asyncDispose]: async () => void (await ui.ask('DELETE', '/v1/demo')),
  }
}

function reduceColours(file: string): void {
  const palette = [
    '-dither',
    'None',
    '-colors',
    '128',
    '-strip',
    '-define',
    'png:compression-level=9',
  ]
  spawnSync('convert', [file, ...palette, `PNG8:${file}`])
}

await main()
