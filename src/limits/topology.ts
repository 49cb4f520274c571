// Limits of the picture of a virtual host: which exchange leads where, and who reads what.

export const topologyLimits = {
  /** Things of one picture: with more, nobody sees anything. */
  nodesMax: 400,
  nodesDefault: 200,
  /** How far from the thing it is drawn around. */
  stepsMax: 6,
  stepsDefault: 2,
  /** Bindings of one edge that are told; the rest are counted. */
  bindingsPerEdgeMax: 10,
  /** Exchanges that are drawn because they lead to one queue. */
  sourcesPerQueueMax: 10,
  /** Clients and groups that are drawn of one queue. */
  readersPerQueueMax: 8,
  /** Things that are bound to nothing, of which this many are told. */
  isolatedMax: 100,
  /** Consumers and offsets of groups that are looked at: some milliseconds. */
  readersLookedMax: 50_000,
  /** Things that are looked at in one step: well under a millisecond. */
  lookedAtOnce: 200,
  /** Patterns, and keys, of one test: each is compared with each. */
  testedTopicsMax: 100,
  /** Neighbours of one thing that are compared with each other, when not all fit. */
  neighboursMax: 20_000,
} as const
