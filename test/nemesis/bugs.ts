// Mistakes that a cluster could make, as changes of its source: each is planted into nodes by `plant.ts`, to show that
// the nemesis finds it. Every text has to be there, so a mistake cannot stop being planted unseen.

interface SourceChange {
  /** Below `src`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

export interface Bug {
  readonly what: string
  /** Faults that bring it to light. */
  readonly faults: readonly string[]
  /** What the judge says of it. */
  readonly says: RegExp
  readonly changes: readonly SourceChange[]
  /**
   * Not tiny ones, in which two owners meet in the next one too soon, and which become objects too soon: of what the
   * owner has itself, so rows that are lost or doubled show only while they are the next owner's to read.
   */
  readonly hasUsualFiles?: boolean
}

const link = 'log/cluster/postgres/cell-link.ts'
const statements = 'log/cluster/postgres/cell-statements.ts'
const connection = 'log/cluster/postgres/postgres-connection.ts'
const table = 'log/cluster/postgres/postgres-cell-table.ts'
const body = 'log/cluster/objects/s3-body.ts'
const s3 = 'log/cluster/objects/s3-objects.ts'
const upload = 'log/cluster/objects/s3-upload.ts'
const gate = 'lib/serving-gate.ts'
const limits = 'limits/postgres.ts'

const noLease: readonly SourceChange[] = [
  { file: gate, from: 'if (now >= this.#until) this.#isShut = true', to: 'this.#isShut = false' },
  { file: gate, from: 'if (this.#isLost) return\n    this.#isLost = true', to: 'return' },
]

const noEpoch: readonly SourceChange[] = [
  {
    file: statements,
    from: 'AND epoch = $2::bigint AND session = $3::bigint FOR NO KEY UPDATE)',
    to: 'AND $2::bigint > 0 AND $3::bigint >= 0 FOR NO KEY UPDATE)',
  },
  {
    file: statements,
    from: 'AND epoch = $2::bigint AND claim = $3 RETURNING session',
    to: `AND $2::bigint > 0 AND $3 <> '' RETURNING session`,
  },
]

/** Nobody tells the older of two processes, and it does not see what it has lost. */
const noLoss: readonly SourceChange[] = [
  {
    file: 'log/cluster/postgres/ownership-statements.ts',
    from: 'AND incarnation = $2::bigint RETURNING node`,\n    values: [self.node, self.incarnation],',
    to: 'AND $2::bigint > 0 RETURNING node`,\n    values: [self.node, self.incarnation],',
  },
  { file: 'cluster/cluster-member.ts', from: 'this.#onLosses(plan.losses)', to: '' },
]

/** Where much is missing, the cell does not even open. */
const lost = /was confirmed and is gone|did not come back/

const notProved: SourceChange = {
  file: s3,
  from: '    await this.#prove(key, put, limits)\n    return',
  to: '    return',
}
const noObject = /is gone|has other bytes|did not come back|the object of|is not readable/

export const bugs: Readonly<Record<string, Bug>> = {
  'no-lease': {
    what: 'a node does not ask its lease after a pause',
    faults: ['stop-node'],
    says: /after node n\d had lost its cell/,
    changes: noLease,
  },
  'no-lease-cut': {
    what: 'a node that is cut from PostgreSQL does not ask its lease',
    faults: ['cut-postgres'],
    says: /after node n\d had lost its cell/,
    changes: noLease,
  },
  'no-epoch': {
    what: 'commits do not look at the epoch, and a node not at its lease',
    faults: ['stop-node'],
    says: /after node n\d had lost its cell|was confirmed and is gone/,
    changes: [...noEpoch, ...noLease],
  },
  'no-epoch-twin': {
    what: 'commits do not look at the epoch while two processes have one name, and the older one hears nothing of it',
    faults: ['same-name'],
    says: /after node n\d had lost its cell|was confirmed and is gone|did not come back/,
    changes: [...noEpoch, ...noLease, ...noLoss],
    hasUsualFiles: true,
  },
  early: {
    what: 'a commit counts before PostgreSQL has it',
    faults: ['kill-node'],
    says: lost,
    changes: [
      {
        file: table,
        from: 'const answer = await this.#appends.write((fence, isFirst) =>',
        to: `const answer = []
        void new Promise((go) => setTimeout(go, 40)).then(() => this.#appends.write((fence, isFirst) =>`,
      },
      {
        file: table,
        from: 'appendAgain(fence, rows),\n    )',
        // Cells that move close their tables meanwhile: without a word, or the node would end of it.
        to: 'appendAgain(fence, rows),\n    )).catch(() => undefined)',
      },
    ],
  },
  ambiguous: {
    what: 'a commit whose answer was lost counts as done',
    faults: ['promote', 'cancel-waits'],
    says: lost,
    changes: [
      {
        file: link,
        from: '      return outcomeOf(error instanceof Error',
        to: `      if (statement.name?.startsWith('append')) return { kind: 'done', rows: [{ owned: true }] }
      return outcomeOf(error instanceof Error`,
      },
    ],
    hasUsualFiles: true,
  },
  again: {
    what: 'a commit whose answer was lost is written once more, after itself where it was done',
    faults: ['backends'],
    says: /is at .* and at|twice|out of order|was read as|did not come back|came back|came after/,
    changes: [
      {
        file: statements,
        from: 'SELECT $4::bigint, position, bytes FROM owner, piece\n          ON CONFLICT (file, position) DO NOTHING RETURNING 1)',
        to: `SELECT $4::bigint, position + coalesce((SELECT max(w.position + length(w.bytes)) - $5::bigint
            FROM \${table} w WHERE w.file = $4::bigint AND w.position >= $5::bigint), 0), bytes
          FROM owner, piece RETURNING 1)`,
      },
      {
        file: statements,
        from: '(SELECT count(*) FROM added) + (SELECT count(*) FROM same)\n            = (SELECT count(*) FROM piece) AS matching',
        to: 'true AS matching',
      },
    ],
    hasUsualFiles: true,
  },
  warning: {
    what: 'a warning on a commit is not looked at',
    faults: ['cancel-waits'],
    says: lost,
    changes: [{ file: connection, from: 'if (isDoubt(notice)) this', to: 'if (false) this' }],
  },
  'short-get': {
    what: 'a shorter answer of the store of objects is taken for all that was asked for',
    faults: ['short-objects'],
    says: /is gone|has other bytes|did not come back|is not readable/,
    changes: [
      {
        file: body,
        from: 'if (said?.startsWith(`bytes ${from}-${from + size - 1}/`) !== true) {',
        to: 'if (said === undefined) {',
      },
      { file: body, from: 'if (count !== size) throw', to: 'if (count > size) throw' },
    ],
  },
  unproved: {
    what: 'what was put is not looked at again',
    faults: ['empty-objects'],
    says: noObject,
    changes: [notProved],
  },
  'no-put': {
    what: 'an object whose put failed counts as one that is there',
    faults: ['cut-objects'],
    says: noObject,
    changes: [
      {
        file: upload,
        from: `      requests.client.send(command, { abortSignal }),
    )
    return { size, crc32c: crc }`,
        to: `      requests.client.send(command, { abortSignal }),
    ).catch(() => undefined)
    return { size, crc32c: crc }`,
      },
      notProved,
    ],
  },
  'early-takeover': {
    what: 'nodes take cells before the lease of their owner is over',
    faults: ['pause-node'],
    says: /after node n\d had lost its cell/,
    changes: [
      { file: limits, from: 'timeToLiveMs: 5000', to: 'timeToLiveMs: 2000' },
      { file: limits, from: 'ownLimitMs: 3000', to: 'ownLimitMs: 6000' },
    ],
  },
  'mute-edge': {
    what: 'a client whose link to another node breaks is not told',
    faults: ['cut-nodes'],
    says: /waits for an answer and nobody gives it/,
    changes: [
      {
        file: 'server/passed-on-client.ts',
        from: "this.#end({ end: 'gone', reason, waitMs: this.#words.waitMs })",
        to: 'void reason',
      },
    ],
  },
}
