import { normalizeRelational, relationalParameters } from '@millrace/core/sql'
import { z } from 'zod'

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
    socketTimeout: relationalParameters.socketTimeout.describe(
      'Accepted without effect: TCP keep-alive finds dead connections, and a slow statement is not one.',
    ),
    session: relationalParameters.session.describe(
      'SQL to run on every connection after connecting, such as SET search_path. Output formats stay fixed.',
    ),
  })
  .transform((parsed) => normalizeRelational(parsed, 'postgresql'))
