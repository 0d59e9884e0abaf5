import { z, type Finding } from '@millrace/core/plugin'
import {
  normalizeRelational,
  relationalParameters,
  type RelationalConfig,
} from '@millrace/core/sql'

const changes = z
  .strictObject({
    slotName: z
      .string()
      .regex(/^[a-z0-9_]{1,63}$/, 'expected 1 to 63 lower case letters, digits and underscores')
      .optional()
      .describe(
        'Replication slot; made when it is not there. Default: millrace_ and 8 hex digits.',
      ),
    publicationName: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .describe('Publication of the tables; made when it is not there. Default: as slotName.'),
    publicationMode: z
      .enum(['all_tables', 'filtered', 'disabled'])
      .optional()
      .describe(
        'How a publication is made: for all tables, for those of the job (default), or never; filtered also adds tables it lacks.',
      ),
  })
  .describe('How changes are followed, in a job that goes on with them.')

/** How changes are followed; names that are absent are derived from what is read. */
export interface ChangesConfig {
  readonly slotName?: string | undefined
  readonly publicationName?: string | undefined
  readonly publicationMode?: 'all_tables' | 'filtered' | 'disabled' | undefined
}

/** The parameters in the form the reader works with. */
export interface PostgresConfig extends RelationalConfig {
  readonly changes: ChangesConfig
}

/** The parameters of the reader, by DataWorks and DataX names. */
export const postgresConfig = z
  .looseObject({
    ...relationalParameters,
    encoding: relationalParameters.encoding.describe(
      'Accepted without effect, with a warning where it is another than UTF-8: PostgreSQL converts to UTF-8 itself, whatever encoding the database has.',
    ),
    mandatoryEncoding: relationalParameters.mandatoryEncoding.describe(
      'Accepted without effect, see encoding.',
    ),
    session: relationalParameters.session.describe(
      'SQL to run on every connection after connecting, such as SET search_path. Time zone, output formats and time limits stay fixed.',
    ),
    changes: changes.optional(),
  })
  .transform((parsed): PostgresConfig => ({
    ...normalizeRelational(parsed, 'postgresql'),
    changes: parsed.changes ?? {},
  }))

/** Whoever names an encoding has text that is stored in it, and may not get what they expect. */
export function encodingFindings({ encoding }: RelationalConfig): readonly Finding[] {
  if (encoding === undefined || /^utf-?8(?:mb4)?$/i.test(encoding)) return []
  return [
    {
      severity: 'warning',
      message: 'encoding has no effect: PostgreSQL converts text from the encoding of its database',
      hint: "Take it out; for text that is stored in another one write convert_from(convert_to(c, 'LATIN1'), 'GBK') as the column, with the encoding of the database first.",
      path: ['encoding'],
    },
  ]
}
