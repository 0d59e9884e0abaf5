import type { DataSource, Finding } from '@millrace/core/plugin'
import { nearestName } from '@millrace/core/sql'
import { driverNameOf, driverPropertyNames } from '../connection/client-options.ts'

/** Of connections to write by, which nothing is lost without: addresses of cloud services have them. `srv` is core's own. */
const needless: ReadonlySet<string> = new Set([
  'journal',
  'j',
  'retrywrites',
  'srv',
  'uuidrepresentation',
  'w',
  'wtimeout',
  'wtimeoutms',
])

const poolProperties: ReadonlySet<string> = new Set([
  'maxconnecting',
  'maxidletimems',
  'maxpoolsize',
  'minpoolsize',
  'waitqueuetimeoutms',
])

type FindingPath = readonly (string | number)[]

/** Properties of a data source that have no effect; `path` is where the job names it. */
export function propertyFindings(
  { name, properties }: DataSource,
  path: FindingPath,
): readonly Finding[] {
  return Object.keys(properties).flatMap((property): Finding[] => {
    if (needless.has(property.toLowerCase()) || driverNameOf(property) !== undefined) return []
    const message = `data source ${JSON.stringify(name)}: the property ${JSON.stringify(property)} has no effect`
    const hint = propertyHint(property)
    return [{ severity: 'warning', path, message, ...(hint === undefined ? {} : { hint }) }]
  })
}

function propertyHint(property: string): string | undefined {
  const lower = property.toLowerCase()
  if (poolProperties.has(lower)) return 'There are as many connections as the job has channels.'
  if (/^(?:tls|ssl)/.test(lower)) return 'Write what TLS takes in "tls" of the data source.'
  const nearest = nearestName(property, driverPropertyNames)
  return nearest === undefined ? undefined : `Did you mean ${nearest}?`
}

/** What documents of pipelines are read from, whatever the data source says. */
export function preferenceFindings(
  { properties }: DataSource,
  path: FindingPath,
): readonly Finding[] {
  const wanted = Object.entries(properties).find(
    ([name]) => name.toLowerCase() === 'readpreference',
  )?.[1]
  if (wanted === undefined || wanted === '' || wanted.toLowerCase() === 'primary') return []
  const message = `readPreference ${wanted} has no effect: documents of pipelines and their changes are read from the primary`
  return [{ severity: 'warning', path, message }]
}
