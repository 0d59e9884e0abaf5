import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { ConfigPath } from '../config/config-path.ts'
import type { TlsSettings } from '../plugin/data-source.ts'
import type { OnProblem } from './environment-secrets.ts'

/** Where the parts of the TLS settings are: texts in PEM, or paths of files with them. */
export interface TlsSources {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
}

/** Key of the data source under which a part stands, for messages. */
export type TlsPaths = Readonly<Record<'ca' | 'cert' | 'key', ConfigPath>>

/** Reads the files of TLS settings; paths are relative to `folder`. Problems are reported, the part left out. */
export function readTlsFiles(
  sources: TlsSources,
  paths: TlsPaths,
  folder: string,
  onProblem: OnProblem,
): TlsSettings {
  const read = (part: 'ca' | 'cert' | 'key'): string | undefined => {
    const source = sources[part] ?? ''
    if (source.trim() === '') return undefined
    return readPem(source, part, folder, (text) => onProblem('error', paths[part], text))
  }
  const ca = read('ca')
  const cert = read('cert')
  // DataWorks' key store holds both: a PEM file may too.
  const key = read('key') ?? (cert?.includes('PRIVATE KEY-----') === true ? cert : undefined)
  return {
    rejectUnauthorized: sources.rejectUnauthorized ?? true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

function readPem(
  source: string,
  part: 'ca' | 'cert' | 'key',
  folder: string,
  fail: (text: { message: string; hint?: string }) => void,
): string | undefined {
  if (source.includes('-----BEGIN')) return source
  const file = path.resolve(folder, source.trim())
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason'
    fail({ message: `the file ${file} cannot be read: ${code}` })
    return undefined
  }
  const text = bytes.toString('latin1')
  if (text.includes('ENCRYPTED')) {
    fail({
      message: `the key in ${file} is encrypted`,
      hint: `Decrypt it: openssl pkey -in ${source} -out key.pem`,
    })
    return undefined
  }
  if (text.includes('-----BEGIN')) return bytes.toString('utf8')
  fail({
    message: `expected PEM in ${file}, found ${formatOf(bytes)}`,
    hint: conversion(bytes, source, part),
  })
  return undefined
}

function formatOf(bytes: Buffer): string {
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0xfeedfeed) return 'a Java key store'
  return bytes[0] === 0x30 ? 'a binary key store or certificate' : 'something else'
}

function conversion(bytes: Buffer, source: string, part: 'ca' | 'cert' | 'key'): string {
  const isJava = bytes.length >= 4 && bytes.readUInt32BE(0) === 0xfeedfeed
  if (part === 'ca' && isJava) {
    return `Convert it: keytool -exportcert -rfc -keystore ${source} -alias <alias> -file ca.pem`
  }
  if (isJava) {
    return (
      `Convert it: keytool -importkeystore -srckeystore ${source} -destkeystore store.p12 -deststoretype PKCS12, ` +
      'then openssl pkcs12 -in store.p12 -nodes -out client.pem'
    )
  }
  const target = part === 'ca' ? '-nokeys -out ca.pem' : '-nodes -out client.pem'
  return `Convert it: openssl pkcs12 -in ${source} ${target}`
}
