import { quotedInteger, z } from '@millrace/core/plugin'
import {
  normalizeRelational,
  relationalParameters,
  type RelationalConfig,
} from '@millrace/core/sql'

/** The parameters in the form the reader works with. */
export interface MysqlConfig extends RelationalConfig {
  /** The number by which the server knows the reader of its log; absent: a random one. */
  readonly serverId?: number
}

const highestServerId = 4_294_967_295

const changes = z
  .object({
    serverId: quotedInteger()
      .refine(
        (id) => id === undefined || (id >= 1 && id <= highestServerId),
        'expected 1 to 4294967295',
      )
      .optional()
      .describe(
        'Number by which the server knows this reader of its log; no other reader or replica may have it. Default: a random one above 2147483647.',
      ),
  })
  .describe('How changes are followed.')

/** The parameters of the step, by their DataWorks and DataX names, turned into the form the reader works with. */
export const mysqlConfig = z
  .looseObject({ ...relationalParameters, changes: changes.optional() })
  .transform((parameters): MysqlConfig => {
    const serverId = parameters.changes?.serverId
    return {
      ...normalizeRelational(parameters, 'mysql'),
      ...(serverId === undefined ? {} : { serverId }),
    }
  })
