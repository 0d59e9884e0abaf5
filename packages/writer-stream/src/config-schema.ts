import { quotedBoolean, z, type ConfigOf } from '@millrace/core/plugin'

/** Parameters of the stream writer. */
export const streamWriterConfigSchema = z.looseObject({
  print: quotedBoolean()
    .optional()
    .describe('Whether rows are printed; otherwise they are only counted. Default true.'),
  fieldDelimiter: z.string().optional().describe('Text between two cells. Default: a tab.'),
  encoding: z.string().optional().describe('Always UTF-8, as in DataX.'),
  path: z
    .string()
    .optional()
    .describe('Folder of `fileName`; made when it is not there. With both, rows go to that file.'),
  fileName: z.string().optional().describe('File in `path`; what it held before is replaced.'),
})

/** Validated parameters of the stream writer. */
export type StreamWriterConfig = ConfigOf<typeof streamWriterConfigSchema>
