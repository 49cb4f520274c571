import { adminLimits } from '../../limits/admin.ts'
import { comeAgain } from '../answers.ts'
import type { Operation } from '../api/operation.ts'
import type { MaintenanceControl } from './maintenance-operations.ts'

/** `operations` are for clients, who are kept out in maintenance. */
export function notInMaintenance(
  operations: readonly Operation[],
  control: MaintenanceControl | undefined,
): Operation[] {
  return operations.map((each) => ({
    ...each,
    handle: (call) =>
      control?.isOn === true
        ? comeAgain(call.context, 503, {
            reason: 'The broker is in maintenance',
            seconds: adminLimits.maintenanceRetrySeconds,
          })
        : each.handle(call),
  }))
}
