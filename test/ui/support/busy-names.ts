// Names of a shop's streams, and what is in its messages.

const teams = [
  'orders',
  'payments',
  'billing',
  'shipping',
  'catalog',
  'search',
  'email',
  'stock',
  'fraud',
  'support',
] as const
const nouns = [
  'created',
  'updated',
  'cancelled',
  'requests',
  'results',
  'retries',
  'audit',
  'export',
  'import',
  'reports',
  'notify',
  'sync',
  'index',
  'archive',
  'webhooks',
  'invoices',
  'refunds',
  'labels',
] as const

/** Work queues, most of them quiet, as anywhere. */
export const queueNames: readonly string[] = teams.flatMap((team) =>
  nouns.map((noun) => `${team}.${noun}`),
)

/** Topics of Kafka with their partitions. */
export const topics: Readonly<Record<string, number>> = {
  'page-views': 6,
  clicks: 6,
  'cart-changes': 3,
  'price-changes': 3,
  'stock-levels': 3,
  sessions: 4,
  'search-queries': 4,
  recommendations: 2,
  'ab-tests': 1,
  'device-metrics': 4,
}

const customers = ['acme', 'globex', 'initech', 'umbrella', 'hooli', 'soylent'] as const

/** An order, a little different each time. */
export function orderOf(number: number): string {
  return JSON.stringify({
    order: `A-${100_000 + number}`,
    customer: customers[number % customers.length],
    lines: [
      { sku: `SKU-${number % 97}`, count: 1 + (number % 4), price: 9.9 + (number % 13) },
      { sku: `SKU-${number % 31}`, count: 1, price: 24.5 },
    ],
    express: number % 5 === 0,
    placed_at: '2026-11-29T12:04:31Z',
  })
}
