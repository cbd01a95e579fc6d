// The types, as a program sees them that has installed the package: compiled, never run. `tests/types` has what they refuse.

import fieldward, { Field, FieldwardError, type Keyring, type KeyringOptions, LocalKeyProvider, MemoryStore, Records, Schema, type Value } from 'fieldward'
import { encrypted, Table } from 'fieldward/prisma'
import { tokens } from 'fieldward/drizzle'
import { matching, subscriber, transformer } from 'fieldward/typeorm'

const options: KeyringOptions = {
  id: 'clinic',
  providers: {
    primary: LocalKeyProvider.generate(),
    own: { kind: 'own', keyName: 'key-1', wrap: async (secret, context) => Buffer.concat([secret, context.data]), unwrap: (wrapped) => wrapped }
  },
  store: { load: async (id: string) => null, save: async (id, expected, document, tag) => tag.generation > (expected?.generation ?? 0) },
  noPin: 'types alone',
  audit: [(line: string) => { line.length }]
}
const keyring: Keyring = await fieldward.Keyring.create(options)
const schema: Schema = Schema.patient()
const field: Field = keyring.field(schema, 'ssn', { exact: true })
const records: Records = keyring.records(schema, { tenant: 'north' })
const values: Value[] = ['text', 7, 7n, true, new Date(), new Uint8Array(1), { a: [null] }, null, undefined]
for (const value of values) field.encrypt(value, ['site', 7])
const many: any[] = await field.encryptMany(values, ['p-1', 7n])
const version: number = await keyring.rotate({ after: 60 })
const row: Record<string, any> = records.encrypt({ patient_id: 'p-7' })
const table = new Table(keyring, schema)
encrypted({ Patient: { table, relations: { visits: 'Visit' } }, Visit: {} })
tokens(field, 'a')
matching(table, 'ssn', 'a')
subscriber(class {}, table)
transformer(keyring, schema, 'note').to('a')
try {
  records.decrypt(row)
} catch (error) {
  if (error instanceof FieldwardError) { const code: string = error.code; const name: 'FieldwardError' = error.name; void [code, name, many, version] }
}

void new MemoryStore()
