import { z } from 'zod'
import { quotedBoolean, quotedInteger } from '../plugin/quoted.ts'

const text = () => z.union([z.string(), z.null()]).optional()
const scalarText = () =>
  z
    .union([z.string(), z.number(), z.null()])
    .transform((value) => (value === null ? undefined : String(value)))
    .optional()

const hostSchema = z.union([
  z.string(),
  z.looseObject({
    host: z.string().describe('Name or address.'),
    port: quotedInteger({ min: 1, max: 65_535 }).optional().describe('Port.'),
  }),
])

const tlsSchema = z.union([
  z.boolean(),
  z.looseObject({
    ca: text().describe('Certificates to trust: a file in PEM or PKCS#12, or the text in PEM.'),
    cert: text().describe(
      'Certificate of the client, perhaps with its key: a file in PEM or PKCS#12, or the text in PEM.',
    ),
    key: text().describe('Key of the client: a file in PEM or PKCS#12, or the text in PEM.'),
    passphrase: scalarText().describe('Password of `cert` and `key`, where they have one.'),
    caPassphrase: scalarText().describe('Password of `ca`, where it is a PKCS#12 store.'),
    rejectUnauthorized: quotedBoolean()
      .optional()
      .describe('False accepts any certificate. Default true.'),
  }),
])

const propertySchema = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** One data source: Millrace's own names beside those of DataWorks. */
export const dataSourceSchema = z.looseObject({
  type: text().describe('`mysql`, `mariadb`, `postgresql`, `mongodb` or `redis`.'),
  url: text().describe('Connection URL; single fields beside it take precedence.'),
  jdbcUrl: z
    .union([z.string(), z.array(z.string()), z.null()])
    .optional()
    .describe('JDBC URL, or several to try in order (DataX).'),
  host: text().describe('Name or address of the server.'),
  port: quotedInteger({ min: 1, max: 65_535 }).optional().describe('Port of the server.'),
  address: z
    .union([z.array(hostSchema), z.string(), z.null()])
    .optional()
    .describe('Servers to try in order (DataWorks).'),
  socketPath: text().describe('Path of a unix socket.'),
  user: text().describe('Name of the user.'),
  username: text().describe('Name of the user (DataWorks).'),
  password: scalarText().describe('Password; `${env:NAME}` takes it from the environment.'),
  database: scalarText().describe('Name of the database; for Redis its index.'),
  tls: tlsSchema.nullish().describe('TLS: true, or files and options.'),
  cluster: z.array(hostSchema).nullish().describe('Seeds of a Redis cluster.'),
  sentinel: z
    .looseObject({
      name: z.string().describe('Name of the master.'),
      nodes: z.array(hostSchema).optional().describe('The sentinels.'),
      address: z
        .union([z.array(hostSchema), z.string()])
        .optional()
        .describe('The sentinels, as DataWorks writes addresses.'),
      user: text().describe('Name of the user at the sentinels.'),
      username: text().describe('Name of the user at the sentinels.'),
      password: scalarText().describe('Password of the sentinels.'),
      tls: tlsSchema
        .nullish()
        .describe('TLS to the sentinels. Default: as for the Redis itself; false: none.'),
    })
    .nullish()
    .describe('Sentinels that know the Redis master.'),
  properties: z
    .record(z.string(), propertySchema)
    .nullish()
    .describe('Properties for the driver; the readers say which they read.'),
  securityProtocol: text().describe('`authTypeSsl` switches TLS on (DataWorks).'),
  truststoreFile: text().describe('Certificates to trust, in PEM or PKCS#12 (DataWorks).'),
  truststorePassword: scalarText().describe('Password of a PKCS#12 trust store.'),
  keystoreFile: text().describe(
    'Certificate and key of the client, in PEM or PKCS#12 (DataWorks).',
  ),
  keystorePassword: scalarText().describe(
    'Password of a PKCS#12 key store, or of an encrypted key in it.',
  ),
  keyFile: text().describe(
    'Key of the client where it stands alone, in PEM, PKCS#8 or PKCS#12 (DataWorks).',
  ),
  clientPassword: scalarText().describe('Password of the key.'),
  regionId: text().describe('Cloud instances only (DataWorks).'),
  instanceId: text().describe('Cloud instances only (DataWorks).'),
  authDb: text().describe('Database that holds the user (MongoDB).'),
  authType: text().describe('Way of authentication (MongoDB).'),
  engineVersion: scalarText().describe('Has no effect.'),
  driverVersion: scalarText().describe('Has no effect.'),
  envType: z.unknown().optional().describe('Has no effect: use `env`.'),
  description: text().describe('For people.'),
})

/** The fields of a data source after validation. */
export type DataSourceFields = z.output<typeof dataSourceSchema>
