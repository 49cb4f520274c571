// What scripts/tidy.test.ts enforces, as data: who may import whom, and which door each effect has.

/** Folder of src → folders it may import besides itself. `limits` is open to everyone. */
export const directions: Readonly<Record<string, readonly string[]>> = {
  limits: [],
  lib: [],
  record: ['lib'],
  codec: ['lib', 'record'],
  log: ['lib', 'record'],
  crossing: ['lib', 'record', 'log'],
  meta: ['lib', 'record', 'log'],
  auth: ['lib', 'record', 'meta'],
  broker: ['lib', 'record', 'log', 'crossing', 'meta', 'auth'],
  server: ['lib', 'record', 'codec', 'crossing', 'broker', 'auth'],
  definitions: ['lib', 'record', 'meta', 'auth', 'broker'],
  metrics: ['lib', 'record', 'log', 'broker', 'auth'],
  demo: ['lib'],
  admin: ['lib', 'record', 'broker', 'auth', 'cluster', 'definitions', 'metrics', 'demo'],
  settings: ['lib'],
  cell: ['lib', 'log', 'crossing', 'meta', 'broker'],
  cluster: ['lib', 'log', 'meta', 'cell'],
  node: [
    'lib',
    'cluster',
    'crossing',
    'broker',
    'auth',
    'cell',
    'server',
    'metrics',
    'admin',
    'settings',
    'definitions',
    'demo',
  ],
  move: ['lib', 'record'],
  cli: ['lib', 'log', 'settings', 'move', 'demo', 's3-double'],
  shims: ['lib', 'cli'],
  's3-double': ['lib'],
}

/** Single files that may be imported across the table above: importing folder → path prefix. */
export const directionExceptions: ReadonlyArray<readonly [folder: string, prefix: string]> = [
  // Confirms and declare-oks leave when their ticket says so.
  ['server', 'src/log/ticket'],
  // Fetches answer with the stored runs themselves.
  ['server', 'src/log/run'],
  // Every reason not to start has its exit code.
  ['cli', 'src/meta/topology-error'],
  ['cli', 'src/meta/data-folder-lock'],
  // A node opens the cells that it owns, hears why one has ended, and what other nodes have changed.
  ['node', 'src/log/cluster/cell-table'],
  ['node', 'src/log/log-error'],
  ['node', 'src/meta/access-rows'],
  // What stands above cells is in a data folder's topology.
  ['cli', 'src/cluster/carried-access'],
  ['cli', 'src/cluster/carried-topics'],
  // Which cell has a partition is settled by its topic.
  ['cluster', 'src/broker/topic/cell-of-partition'],
  // verify and repair say which logs no queue has.
  ['cli', 'src/meta/adopt-logs'],
]

/** Folders whose subfolders (one per protocol or engine) never import each other. */
export const separateSubfolders: readonly string[] = ['codec', 'server', 'record']

/** Doubles that tests and simulation share (a clock, a disk …): beside the product, not in it. */
export const doublesFolder = 'src/testing/'

/** Files of src and ui that need no importer: programs, what a build begins with, and the package's public door. */
export const entryFiles: readonly string[] = [
  'src/main.ts',
  'src/start-broker.ts',
  'src/demo/demo-thread.ts',
  'src/shims/rabbitmqctl.ts',
  'ui/main.tsx',
  'ui/vite.config.ts',
]

/** Folders whose files may offer more than the product uses: a format is read and written as a whole. */
export const wholeFolders: readonly string[] = [
  'src/codec/',
  'src/record/',
  'src/testing/',
  // Tests order faults of it.
  'src/s3-double/',
]

/** What stands in the product for its tests, because it reaches into a file's own state. */
export const exportsForTests: readonly string[] = ['withFailuresTold']

/** An effect that enters src through named files only. */
export interface Door {
  /** What must not stand in other files. */
  readonly pattern: RegExp
  /** Files (or folders ending in a slash) where it may stand. */
  readonly doors: readonly string[]
  /** What to use instead. */
  readonly instead: string
}

const diskDoors = [
  'src/log/file/system-disk.ts',
  'src/meta/file/',
  'src/cli/',
  'src/shims/policy-commands.ts',
  'src/settings/settings-file.ts',
  'src/lib/count-files.ts',
  'src/server/local-listener.ts',
  'src/admin/ui-files.ts',
  'src/s3-double/',
]

/** `import type` from a Node module is free: only the running effect needs a door. */
function nodeImport(names: string): RegExp {
  return new RegExp(
    `(?:\\bimport (?!type\\b)[^'"]*from |\\bimport\\(|\\bimport )['"](?:node:)?(?:${names})['"]`,
  )
}

export const doors: readonly Door[] = [
  {
    pattern:
      /(?<![\w.])(?:Date\.now|performance\.now|setTimeout|setInterval|setImmediate)\(|new Date\(\)/,
    doors: ['src/lib/clock.ts'],
    instead: 'the Clock of src/lib/clock.ts',
  },
  {
    pattern: nodeImport('timers(?:/promises)?'),
    doors: [],
    instead: 'the Clock of src/lib/clock.ts',
  },
  {
    pattern: /\bMath\.random\(|\b(?:randomBytes|randomUUID|randomInt|getRandomValues)\(/,
    doors: ['src/lib/random.ts'],
    instead: 'the Random of src/lib/random.ts',
  },
  { pattern: nodeImport('fs(?:/promises)?'), doors: diskDoors, instead: 'src/log/file/disk.ts' },
  { pattern: nodeImport('sqlite'), doors: ['src/meta/'], instead: 'the stores of src/meta' },
  {
    pattern: nodeImport('net|tls|dgram|dns(?:/promises)?|http|https|http2'),
    doors: [
      'src/server/listener.ts',
      'src/server/local-listener.ts',
      'src/server/byte-source.ts',
      'src/server/connect-socket.ts',
      'src/server/node-link/link-cipher.ts',
      'src/server/resolve-host.ts',
      'src/server/http-get.ts',
      'src/server/tls-credentials.ts',
      'src/admin/http-server.ts',
      'src/server/websocket/web-socket-door.ts',
      'src/admin/cluster/node-requests.ts',
      'src/admin/cluster/link-http.ts',
      'src/cli/broker-client.ts',
      'src/cli/cluster-dev/free-port.ts',
      'src/cli/cluster-dev/node-ports.ts',
      'src/shims/try-connecting.ts',
      'src/s3-double/s3-double.ts',
    ],
    instead: 'src/server/listener.ts',
  },
  {
    pattern: /\bprocess\.(?:env|argv|exit|on|once|kill)\b/,
    doors: ['src/main.ts', 'src/program.ts', 'src/cli/', 'src/shims/'],
    instead: 'a value passed down from src/program.ts',
  },
  { pattern: /\bconsole\./, doors: [], instead: 'the logger of src/lib/logger.ts' },
]

/** Names that say nothing about what is inside. */
export const emptyNames: readonly string[] = [
  'index',
  'utils',
  'helpers',
  'common',
  'types',
  'misc',
]

/** Longest hand-written file, in lines. */
export const fileLinesMax = 500
