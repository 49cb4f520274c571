// Settings of a node of a cluster: where the cluster keeps its data, and who the node is.
import { postgresLimits } from '../limits/postgres.ts'
import {
  flag,
  flagOrAuto,
  type Port,
  port,
  text,
  url,
  wholeNumber,
  withoutPassword,
} from './setting-kinds.ts'
import type { SettingRow } from './setting-row.ts'

export interface ClusterSettings {
  readonly cluster: string | undefined
  readonly objects: string | undefined
  readonly clusterCells: number | undefined
  readonly nodeName: string | undefined
  readonly nodePort: Port
  readonly nodeAddress: string | undefined
  readonly nodeEncryption: boolean
  readonly kafkaSpread: boolean | 'auto'
}

export const clusterSettings: {
  readonly [Key in keyof ClusterSettings]: SettingRow<ClusterSettings[Key]>
} = {
  cluster: {
    kind: url('postgres', 'must be an address such as postgres://pabal@db1,db2/pabal'),
    default: undefined,
    placeholder: 'URL',
    description:
      'PostgreSQL of a cluster that this broker is a node of; the data folder holds only copies then. See docs/cluster.md',
    shown: withoutPassword,
  },
  objects: {
    kind: url('s3', 'must be an address such as s3://bucket/pabal'),
    default: undefined,
    placeholder: 'URL',
    description: "Where a cluster's files are: a bucket of Amazon S3, or of a store that speaks it",
  },
  clusterCells: {
    kind: wholeNumber(1, postgresLimits.cellsMax),
    default: undefined,
    placeholder: 'COUNT',
    description: `Cells of a cluster that is made now, over which nodes spread virtual hosts (${postgresLimits.cellsDefault} by default); one that is there keeps its own`,
  },
  nodeName: {
    kind: text(),
    default: undefined,
    placeholder: 'NAME',
    description: "Name of this node of a cluster, no other's; by default the machine's",
  },
  nodePort: {
    kind: port(),
    default: 25_672,
    placeholder: 'PORT',
    description: 'Port for the other nodes of a cluster, which pass clients on',
  },
  nodeEncryption: {
    kind: flag(),
    default: true,
    placeholder: 'BOOLEAN',
    description:
      'Whether what nodes of a cluster say to each other is encrypted: true or false, on all nodes the same',
  },
  kafkaSpread: {
    kind: flagOrAuto(),
    default: 'auto',
    placeholder: 'BOOLEAN',
    description:
      'Whether the partitions of new Kafka topics are spread over all nodes of a cluster: true, false or auto. Each node needs an address of its own then; with auto, the first node of a cluster spreads none while others may come behind the address that it advertises',
  },
  nodeAddress: {
    kind: text(),
    default: undefined,
    placeholder: 'HOST[:PORT]',
    description:
      "Host by which clients and other nodes of a cluster reach this node, with the node port if that is another there; by default the host, or the machine's name",
  },
}
