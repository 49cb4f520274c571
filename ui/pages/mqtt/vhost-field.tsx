// Of which virtual host: a field where there are several, and nothing where there is one.
import type { JSX } from 'preact'
import { setParams, useParam } from '../../lib/router.ts'
import { plainName } from '../../lib/show-name.ts'
import { useVHostNames } from '../access/use-vhost-names.ts'

export function useVHost(): string {
  const [vhost = '/'] = useParam('vhost')
  return vhost
}

export function VHostField(): JSX.Element | null {
  const vhost = useVHost()
  const names = new Set([vhost, ...(useVHostNames() ?? [])])
  if (names.size < 2) return null
  return (
    <select
      aria-label="Virtual host"
      value={vhost}
      onChange={({ currentTarget }) => setParams({ vhost: currentTarget.value, topic: undefined })}
    >
      {[...names].map((name) => (
        <option key={name} value={name}>
          {plainName(name)}
        </option>
      ))}
    </select>
  )
}
