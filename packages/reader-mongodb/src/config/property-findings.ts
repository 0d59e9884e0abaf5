import type { DataSource, Finding } from '@millrace/core/plugin'
import { nearestName } from '@millrace/core/sql'
import { driverNameOf, driverPropertyNames } from '../connection/client-options.ts'
import type { MongodbConfig } from './mongodb-config.ts'

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

/** Properties of a data source that have no effect. */
export function propertyFindings(
  { properties }: DataSource,
  { pipeline }: Pick<MongodbConfig, 'pipeline'>,
): readonly Finding[] {
  const unread = Object.keys(properties).flatMap((property): Finding[] => {
    if (needless.has(property.toLowerCase()) || driverNameOf(property) !== undefined) return []
    return [
      warning(`the property ${JSON.stringify(property)} has no effect`, propertyHint(property)),
    ]
  })
  return pipeline === undefined ? unread : [...unread, ...preferenceFindings(properties)]
}

function propertyHint(property: string): string | undefined {
  const lower = property.toLowerCase()
  if (poolProperties.has(lower)) return 'There are as many connections as the job has channels.'
  if (/^(?:tls|ssl)/.test(lower)) return 'Write what TLS takes in "tls" of the data source.'
  const nearest = nearestName(property, driverPropertyNames)
  return nearest === undefined ? undefined : `Did you mean ${nearest}?`
}

/** What documents of pipelines are read from, whatever the data source says. */
function preferenceFindings(properties: DataSource['properties']): readonly Finding[] {
  const wanted = Object.entries(properties).find(
    ([name]) => name.toLowerCase() === 'readpreference',
  )?.[1]
  if (wanted === undefined || wanted === '' || wanted.toLowerCase() === 'primary') return []
  return [
    warning(
      `readPreference ${wanted} has no effect: documents of pipelines and their changes are read from the primary`,
    ),
  ]
}

function warning(message: string, hint?: string): Finding {
  return { severity: 'warning', path: [], message, ...(hint === undefined ? {} : { hint }) }
}
