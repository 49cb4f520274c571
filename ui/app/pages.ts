// Every page: its path, and where its code is, which is loaded when somebody goes there.
import type { ComponentType } from 'preact'

export interface PageEntry {
  /** Of the URL; what follows a `?` chooses what it shows. */
  readonly path: string
  /** As the navigation and the palette call it; pages of one stream are reached from Streams. */
  readonly name: string
  /** What else it has, in words that people from other brokers look for. */
  readonly words?: string
  /** The two keys that go there. */
  readonly keys?: string
  /** It stands in the navigation. */
  readonly isListed?: boolean
  /** There is nothing on it without a cluster. */
  readonly isOfClusters?: boolean
  readonly load: () => Promise<ComponentType>
}

export const pages: readonly PageEntry[] = [
  {
    path: '/',
    name: 'Home',
    words: 'overview',
    keys: 'g h',
    isListed: true,
    load: () => import('../pages/home/home.tsx').then((page) => page.HomePage),
  },
  {
    path: '/streams',
    name: 'Streams',
    words: 'queues topics',
    keys: 'g s',
    isListed: true,
    load: () => import('../pages/streams/streams.tsx').then((page) => page.StreamsPage),
  },
  {
    path: '/stream',
    name: 'Stream',
    load: () => import('../pages/stream/stream.tsx').then((page) => page.StreamPage),
  },
  {
    path: '/stream/messages',
    name: 'Messages',
    load: () => import('../pages/messages/messages.tsx').then((page) => page.MessagesPage),
  },
  {
    path: '/stream/consumers',
    name: 'Consumers and groups',
    load: () => import('../pages/stream/consumers.tsx').then((page) => page.ConsumersPage),
  },
  {
    path: '/stream/deaths',
    name: 'Dead letters of a stream',
    load: () => import('../pages/deaths/stream-deaths.tsx').then((page) => page.StreamDeathsPage),
  },
  {
    path: '/deaths',
    name: 'Dead letters',
    words: 'dlq dlx rejected expired',
    keys: 'g d',
    isListed: true,
    load: () => import('../pages/deaths/deaths.tsx').then((page) => page.DeathsPage),
  },
  {
    path: '/jobs',
    name: 'Jobs',
    keys: 'g j',
    isListed: true,
    load: () => import('../pages/jobs/jobs.tsx').then((page) => page.JobsPage),
  },
  {
    path: '/schedule',
    name: 'Schedule',
    words: 'delayed messages',
    keys: 'g w',
    isListed: true,
    load: () => import('../pages/schedule/schedule.tsx').then((page) => page.SchedulePage),
  },
  {
    path: '/topology',
    name: 'Topology',
    words: 'exchanges bindings routes',
    keys: 'g t',
    isListed: true,
    load: () => import('../pages/topology/topology.tsx').then((page) => page.TopologyPage),
  },
  {
    path: '/trace',
    name: 'Trace',
    keys: 'g r',
    isListed: true,
    load: () => import('../pages/trace/trace.tsx').then((page) => page.TracePage),
  },
  {
    path: '/transactions',
    name: 'Transactions',
    keys: 'g x',
    isListed: true,
    load: () =>
      import('../pages/transactions/transactions.tsx').then((page) => page.TransactionsPage),
  },
  {
    path: '/connections',
    name: 'Connections',
    words: 'clients channels consumers',
    keys: 'g c',
    isListed: true,
    load: () => import('../pages/connections/connections.tsx').then((page) => page.ConnectionsPage),
  },
  {
    path: '/mqtt',
    name: 'MQTT',
    words: 'sessions subscriptions retained messages',
    keys: 'g q',
    isListed: true,
    load: () => import('../pages/mqtt/mqtt.tsx').then((page) => page.MqttPage),
  },
  {
    path: '/access',
    name: 'Access',
    words: 'users permissions virtual hosts vhosts acls',
    keys: 'g a',
    isListed: true,
    load: () => import('../pages/access/access.tsx').then((page) => page.AccessPage),
  },
  {
    path: '/storage',
    name: 'Storage',
    words: 'disk memory log backup',
    keys: 'g o',
    isListed: true,
    load: () => import('../pages/storage/storage.tsx').then((page) => page.StoragePage),
  },
  {
    path: '/cluster',
    name: 'Cluster',
    words: 'nodes cells brokers',
    keys: 'g n',
    isListed: true,
    isOfClusters: true,
    load: () => import('../pages/cluster/cluster.tsx').then((page) => page.ClusterPage),
  },
  {
    path: '/settings',
    name: 'Settings',
    words: 'policies configuration about',
    keys: 'g e',
    isListed: true,
    load: () => import('../pages/settings/settings.tsx').then((page) => page.SettingsPage),
  },
  {
    path: '/start',
    name: 'First steps',
    keys: 'g f',
    load: () => import('../pages/start/start.tsx').then((page) => page.StartPage),
  },
  {
    path: '/demo',
    name: 'Demo',
    keys: 'g m',
    load: () => import('../pages/demo/demo.tsx').then((page) => page.DemoPage),
  },
]

export function findPage(path: string): PageEntry | undefined {
  return pages.find((page) => page.path === path)
}
