import { z } from '@millrace/core/plugin'
import { normalizeRelational, relationalParameters } from '@millrace/core/sql'

/** The parameters of the reader, by DataWorks and DataX names; gives a `RelationalConfig`. */
export const postgresConfig = z
  .looseObject({
    ...relationalParameters,
    encoding: relationalParameters.encoding.describe(
      'Accepted without effect: PostgreSQL converts to UTF-8 itself, whatever encoding the database has.',
    ),
    mandatoryEncoding: relationalParameters.mandatoryEncoding.describe(
      'Accepted without effect, see encoding.',
    ),
    session: relationalParameters.session.describe(
      'SQL to run on every connection after connecting, such as SET search_path. Time zone, output formats and time limits stay fixed.',
    ),
  })
  .transform((parsed) => normalizeRelational(parsed, 'postgresql'))
