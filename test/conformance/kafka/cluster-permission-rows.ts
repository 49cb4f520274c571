// Rows of APIs about features, the quorum and delegation tokens.
import type { ApiName } from '../../../src/codec/kafka/apis.gen.ts'
import { zeroUuid } from '../../../src/codec/kafka/field-defaults.ts'
import { administrators, type Row } from './permission-needs.ts'

const voter = { clusterId: null, voterId: 2, voterDirectoryId: zeroUuid }

type Shown = Extract<
  ApiName,
  'updateFeatures' | `${'add' | 'remove'}RaftVoter` | `${string}DelegationToken`
>

export const clusterRows: { readonly [Name in Shown]: Row<Name> } = {
  updateFeatures: {
    request: () => ({ timeoutMs: 1000, featureUpdates: [], validateOnly: true }),
    needs: administrators,
  },
  addRaftVoter: {
    request: () => ({ ...voter, timeoutMs: 1000, listeners: [], ackWhenCommitted: true }),
    needs: administrators,
  },
  removeRaftVoter: { request: () => voter, needs: administrators },
  createDelegationToken: {
    request: () => ({
      ownerPrincipalType: null,
      ownerPrincipalName: null,
      renewers: [],
      maxLifetimeMs: -1,
    }),
    needs: [],
  },
  renewDelegationToken: {
    request: () => ({ hmac: Buffer.alloc(0), renewPeriodMs: -1 }),
    needs: [],
  },
  expireDelegationToken: {
    request: () => ({ hmac: Buffer.alloc(0), expiryTimePeriodMs: -1 }),
    needs: [],
  },
  describeDelegationToken: { request: () => ({ owners: null }), needs: [] },
}
