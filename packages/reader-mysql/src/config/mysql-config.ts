import { z } from '@millrace/core/plugin'
import { normalizeRelational, relationalParameters } from '@millrace/core/sql'

/** The parameters of the step, by their DataWorks and DataX names, turned into the form the reader works with. */
export const mysqlConfig = z
  .looseObject(relationalParameters)
  .transform((parameters) => normalizeRelational(parameters, 'mysql'))
