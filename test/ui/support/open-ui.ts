// The UI in a real browser: one broker and one Chromium for each test file.
//
//   const ui = openUi()
//   ui.test('a list shows …', async (open) => {
//     await ui.ask('PUT', '/queues/%2F/orders', { durable: true })
//     const page = await open('/streams', { width: 390, theme: 'dark' })
//     await page.getByRole('link', { name: 'orders' }).click()
//     await expectAccessible(page)
//   })
//
// A test fails for errors on the console, exceptions, and what the page's policy refuses.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test, type TestContext } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { TestBroker } from '../../support/start-test-broker.ts'
import { findChromium, noChromium } from './find-chromium.ts'

/** Browsers share the machine with another test's. */
const browserMs = 30_000

export interface UiOptions {
  /** Flags of the broker beside its ports. */
  readonly flags?: readonly string[]
  /** `user:password` that `ask` has; left out, it is guest. */
  readonly login?: string
  /** Makes what all tests of the file look at. */
  readonly prepare?: (ui: UiUnderTest) => Promise<void>
}

export interface View {
  readonly theme?: 'light' | 'dark'
  /** Of the window, in pixels. */
  readonly width?: number
  readonly height?: number
  /** Do not wait until the page has its live values. */
  readonly isBare?: boolean
}

/** Opens a page of the UI by its path, and waits until it stands. */
export type OpenPage = (path: string, view?: View) => Promise<Page>

type UiTest = (open: OpenPage, context: TestContext) => Promise<void>

const repository = join(import.meta.dirname, '../../..')
const ports = ['--http-port', '0', '--kafka-port', '0']
const startMsMax = 60_000

/** Call it once, at the top of a file. */
export function openUi(options: UiOptions = {}): UiUnderTest {
  const ui = new UiUnderTest(options)
  if (noChromium === false) {
    before(() => ui.start(), { timeout: startMsMax })
    after(() => ui.close())
  }
  return ui
}

export class UiUnderTest {
  readonly #options: UiOptions
  #broker: TestBroker | undefined
  #browser: Browser | undefined
  /** What went wrong in pages since the test began. */
  #problems: string[] = []
  #expected: RegExp[] = []

  constructor(options: UiOptions = {}) {
    this.#options = options
  }

  get broker(): TestBroker {
    assert.ok(this.#broker, 'the broker is started before the tests')
    return this.#broker
  }

  /** Of the UI, without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.broker.httpPort}`
  }

  async start(): Promise<void> {
    execFileSync(process.execPath, [join(repository, 'scripts/build-ui.mjs')], { stdio: 'inherit' })
    const executablePath = findChromium()
    assert.ok(executablePath !== undefined)
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']
    const browser = chromium.launch({ executablePath, args })
    this.#broker = await TestBroker.start([...ports, ...(this.#options.flags ?? [])])
    this.#browser = await browser
    await this.#options.prepare?.(this)
  }

  async close(): Promise<void> {
    await this.#browser?.close()
    await this.#broker?.[Symbol.asyncDispose]()
  }

  /** A test with pages of its own. */
  test(name: string, run: UiTest): void {
    test(name, { skip: noChromium }, async (context) => {
      const pages: Page[] = []
      this.#problems = []
      this.#expected = []
      try {
        await run(async (path, view) => {
          const page = await this.open(path, view)
          pages.push(page)
          return page
        }, context)
        const unexpected = this.#problems.filter(
          (problem) => !this.#expected.some((pattern) => pattern.test(problem)),
        )
        assert.deepEqual(unexpected, [], 'the pages told of problems')
      } finally {
        for (const page of pages) await page.context().close()
      }
    })
  }

  /** A page for whoever closes it; tests have their own `open`. */
  async open(path: string, view?: View): Promise<Page> {
    const page = await this.#newPage(view)
    await page.goto(this.url + path)
    if (view?.isBare !== true) await whenLive(page)
    return page
  }

  /** What pages may complain of in this test, such as a refusal that it provokes. */
  expectProblems(...patterns: readonly RegExp[]): void {
    this.#expected.push(...patterns)
  }

  /**
   * Calls the API below `/api`; what it answers, and an error for a refusal. The path is sent as it is: `..` may be
   * the name of a queue.
   */
  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const { login: auth } = this.#options
    const asking = request({
      host: '127.0.0.1',
      port: this.broker.httpPort,
      method,
      path: `/api${path}`,
      ...(auth !== undefined && { auth }),
    })
    asking.end(body === undefined ? undefined : JSON.stringify(body))
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    const content = await text(answer)
    const { statusCode = 0 } = answer
    assert.ok(statusCode < 300, `${method} ${path}: ${statusCode} ${content}`)
    return content === '' ? undefined : JSON.parse(content)
  }

  /** Publishes texts to a queue or topic of `/`. */
  async publish(stream: string, ...payloads: readonly string[]): Promise<void> {
    const messages = payloads.map((payload) => ({ payload }))
    const path = `/v1/streams/%2F/${encodeURIComponent(stream)}/messages`
    await this.ask('POST', path, { messages })
  }

  async #newPage({ theme = 'light', width = 1440, height = 900 }: View = {}): Promise<Page> {
    assert.ok(this.#browser, 'the browser is started before the tests')
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'UTC',
    })
    const page = await context.newPage()
    page.setDefaultTimeout(browserMs)
    page.on('console', (message) => {
      // Also of what the page's policy refuses.
      if (message.type() === 'error') this.#problems.push(message.text())
    })
    page.on('pageerror', (error) => this.#problems.push(error.stack ?? error.message))
    return page
  }
}

/** Does something with what is `found` as soon as it is in a page that is loaded next: before a frame shows it. */
export async function atOnce(page: Page, selector: string, script: string): Promise<void> {
  await page.addInitScript(`new MutationObserver((_, observer) => {
    const found = document.querySelector(${JSON.stringify(selector)})
    if (found === null) return
    observer.disconnect()
    ${script}
  }).observe(document, { subtree: true, childList: true })`)
}

/** Waits until the page has its live values: the header says so, and nothing is a skeleton any more. */
export async function whenLive(page: Page): Promise<void> {
  await page.locator('.live-live').waitFor()
  const unfinished = page.locator('[aria-busy=true], .skeleton')
  await unfinished.first().waitFor({ state: 'detached' })
}
