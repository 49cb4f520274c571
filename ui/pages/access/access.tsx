// Access: who there is, what each may do, and whether one may do that.
import type { JSX } from 'preact'
import { useParam } from '../../lib/router.ts'
import { urlOf } from '../../lib/router.ts'
import { Tabs } from '../../parts/tabs.tsx'
import { AclsTab } from './acls.tsx'
import { TesterTab } from './tester.tsx'
import { UsersTab } from './users.tsx'
import { VHostsTab } from './vhosts.tsx'
import './access.css'

export function AccessPage(): JSX.Element {
  const [tab = 'users'] = useParam('tab')
  const tabs = (
    <Tabs
      label="Views of access"
      tabs={[
        { label: 'Users', to: '/access', isCurrent: tab === 'users' },
        {
          label: 'Virtual hosts',
          to: urlOf('/access', { tab: 'vhosts' }),
          isCurrent: tab === 'vhosts',
        },
        { label: 'ACLs', to: urlOf('/access', { tab: 'acls' }), isCurrent: tab === 'acls' },
        { label: 'May it?', to: urlOf('/access', { tab: 'test' }), isCurrent: tab === 'test' },
      ]}
    />
  )
  if (tab === 'vhosts') return <VHostsTab tabs={tabs} />
  if (tab === 'acls') return <AclsTab tabs={tabs} />
  if (tab === 'test') return <TesterTab tabs={tabs} />
  return <UsersTab tabs={tabs} />
}
