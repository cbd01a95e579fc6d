// The types of the package: what comes out, and what is refused before it runs. Compiled by tsd, never run.

import { expectAssignable, expectError, expectNotAssignable, expectType } from 'tsd'
import fieldward, {
  Field, FieldwardError, FilePin, FileStore, JsonLinesSink, Keyring, LocalKeyDirectory, LocalKeyProvider, ManualClock, MemoryPin, MemorySink, MemoryStore,
  PassphraseProvider, Records, Schema, backends, documentTag, inspect
} from '../../index.mjs'
import type {
  AuditReport, AuditSink, DestroyRequest, DocumentTag, FieldDeclaration, IndexValue, Inspection, Json, KeyProvider, KeyStore, KeyringOptions, Opened,
  OwnProvider, OwnStore, PackedColumn, Query, RecordId, Reencrypted, RootReplaced, Value, WrapContext
} from '../../index.mjs'

const primary = LocalKeyProvider.generate()
const options: KeyringOptions = { id: 'clinic', providers: { primary }, store: new MemoryStore() }
declare const keyring: Keyring
declare const field: Field
declare const records: Records
declare const schema: Schema

// --- keyrings
expectType<Promise<Keyring>>(Keyring.create(options))
expectType<Promise<Keyring>>(Keyring.open({ ...options, pin: new MemoryPin(), clock: new ManualClock(0), audit: [new MemorySink()], refreshAfter: 1.5 }))
expectType<Promise<Keyring>>(Keyring.recover(options, new Uint8Array(1)))
expectType<typeof Keyring>(fieldward.Keyring)
expectError(Keyring.create({ id: 'clinic', providers: { primary } }))
expectError(Keyring.create({ ...options, id: 7 }))
expectError(Keyring.create({ ...options, providers: [primary] }))
expectError(Keyring.create({ ...options, providers: { primary: 'root.key' } }))
expectError(Keyring.create({ ...options, pin: 'pins' }))
expectError(Keyring.create({ ...options, refreshafter: 60 }))
expectError(Keyring.create({ ...options, refreshAfter: '60' }))
expectError(Keyring.create({ ...options, acceptIdentity: 'd160' }))
expectError(Keyring.open('clinic'))
expectError(Keyring.recover(options))
expectError(Keyring.recover(options, 'a document'))
// its promise is waited for
expectError(Keyring.create(options).field(schema, 'ssn'))
expectType<string>(keyring.id)
expectError((keyring.id = 'other'))
expectType<string>(keyring.backend)
expectType<void>(keyring.close())

// --- their life
expectType<Promise<number>>(keyring.rotate())
expectType<Promise<number>>(keyring.rotate({ after: 60 }))
expectError(keyring.rotate(60))
expectError(keyring.rotate({ afterwards: 60 }))
expectType<Promise<number>>(keyring.rollback())
expectType<Promise<undefined>>(keyring.suspend(1, 'a question'))
expectError(keyring.suspend(1))
expectError(keyring.markCompromised('1', 'found in a log'))
expectType<Promise<RootReplaced>>(keyring.markRootCompromised('found in a log'))
expectError(keyring.markRootCompromised())
expectType<Promise<Buffer>>(keyring.export())
expectType<Buffer>(keyring.rootIdentity)
expectType<Promise<AuditReport>>(keyring.verifyAudit(['{}']))
expectError(keyring.verifyAudit('{}'))
expectType<Keyring>(keyring.allow('compromised', 're-encryption'))
expectError(keyring.allow('compromised'))
expectType<string[]>(keyring.unknownKeyIds([new Uint8Array(1)]))
const destroy: DestroyRequest = { reason: 'retention', version: 1, keyId: '00000001' }
keyring.destroy(destroy, async (document) => { expectType<Buffer>(document) })
expectError(keyring.destroy({ version: 1 }))
expectError(keyring.destroy(1))

// --- providers, stores and sinks
expectAssignable<KeyProvider>(new LocalKeyDirectory('keys', 'clinic'))
expectAssignable<KeyProvider>(new PassphraseProvider('p', 'long enough', { hash: 'sha-512', iterations: 300_000 }))
expectAssignable<KeyProvider>(PassphraseProvider.fromEnv('p', 'PASSPHRASE'))
expectError(new PassphraseProvider('long enough'))
expectError(new LocalKeyProvider('fwk1.'))
const own: OwnProvider = {
  kind: 'own',
  keyName: 'k',
  wrap (secret, context) {
    expectType<Buffer>(secret)
    expectType<WrapContext>(context)
    return secret
  },
  unwrap: async (wrapped) => new Uint8Array(wrapped)
}
expectAssignable<KeyProvider>(own)
expectNotAssignable<KeyProvider>({ kind: 'own', keyName: 'k', wrap: own.wrap })
expectNotAssignable<KeyProvider>({ ...own, unwrap: async () => 'text' })
expectNotAssignable<KeyProvider>({ ...own, keyName: undefined })
const store: OwnStore = {
  load: async (id) => { expectType<string>(id); return null },
  save (id, expected, document, tag) {
    expectType<DocumentTag | null>(expected)
    expectType<Buffer>(document)
    expectType<number>(tag.generation)
    return true
  }
}
expectAssignable<KeyStore>(store)
expectAssignable<KeyStore>(new FileStore('keys'))
expectNotAssignable<KeyStore>(new FilePin('pins'))
expectNotAssignable<KeyStore>({ load: store.load })
expectNotAssignable<KeyStore>({ ...store, save: async () => {} })
expectNotAssignable<KeyStore>({ ...store, load: () => 'text' })
expectAssignable<AuditSink>(new JsonLinesSink('audit.log'))
expectAssignable<AuditSink>((line: string) => { void line })
expectNotAssignable<AuditSink>((line: number) => { void line })

// --- schemas
expectType<Schema>(Schema.fromJson('{}'))
expectError(Schema.fromJson({}))
expectError(Schema.fromToml())
expectType<string[]>(schema.fields)
expectType<FieldDeclaration>(schema.field('ssn'))
expectType<boolean>(schema.field('ssn').indexes[0]!.isExact)
expectError(schema.field('ssn').secret)

// --- values
for (const value of ['text', 7, 7n, true, new Date(), new Uint8Array(1), Buffer.alloc(1), { a: [null, { b: 1 }] }, null, undefined]) field.encrypt(value, 'p-7')
expectError(field.encrypt())
expectError(field.encrypt(Symbol('x')))
expectError(field.encrypt(() => 1))
expectError(field.encrypt('a', true))
expectError(field.encrypt('a', ['site', new Date()]))
expectType<Value>(field.decrypt(Buffer.alloc(1), ['site', 7n]))
expectError(field.decrypt())
expectType<Opened>(field.open('fw1.', null))
expectType<string | null>(field.open('fw1.').keyId)
expectType<Query>(field.query('exact', 'a'))
expectError(field.query('a'))
expectType<Record<string, IndexValue>>(field.indexValues('a'))
expectType<Array<Buffer | string>>(field.tokens('a'))
expectType<boolean>(field.matches('exact', 'a', Buffer.alloc(1), 'p-7'))
expectType<boolean>(field.needsRotation(Buffer.alloc(1)))
expectType<Reencrypted>(field.reencrypt(Buffer.alloc(1), 'p-7', field, 'p-8'))
expectError(field.reencrypt(Buffer.alloc(1), 'p-7', 'ssn'))
expectType<Promise<any[]>>(field.encryptMany(['a', null], ['p-1', 7n]))
expectError(field.encryptMany('a'))
expectType<Promise<{ values: any[], failures: FieldwardError[], untrustedRows: number }>>(field.openMany([null]))
const packed: PackedColumn = { data: new Uint8Array(2), offsets: Int32Array.of(0, 1, 2) }
expectType<Promise<PackedColumn>>(field.encryptColumn(packed, BigInt64Array.of(1n, 2n)))
expectType<Promise<PackedColumn>>(field.decryptColumn(packed, packed))
expectError(field.encryptColumn(['a']))
expectError(field.encryptColumn({ data: new Uint8Array(2), offsets: [0, 1, 2] }))
expectError(field.encryptColumn(packed, ['p-1', 'p-2']))
expectType<Field>(keyring.field(schema, 'ssn', { tenant: 'north', exact: true }))
expectError(keyring.field('patients', 'ssn'))
expectError(keyring.field(schema, 'ssn', { strict: true }))

// --- records
expectType<Records>(keyring.records(schema, { tenant: 'north' }))
expectType<Record<string, any>>(records.encrypt({ patient_id: 'p-7' }))
expectError(records.encrypt('a record'))
expectType<{ record: Record<string, any>, isTrusted: boolean }>(records.open({}))
expectType<Query>(records.query('ssn', 'exact', '999-41-1234'))
expectType<boolean>(records.matches('ssn', 'exact', '999-41-1234', {}))
expectError(records.checkNames('ssn'))

// --- what needs no key
expectType<Inspection>(inspect('fw1.'))
expectError(inspect(7))
expectType<DocumentTag>(documentTag(new Uint8Array(1)))
expectError(documentTag('a document'))
expectType<Record<string, string>>(backends())

// --- JSON, ids, errors
expectAssignable<Json>({ a: [1, 'b', null, { c: true }] })
expectNotAssignable<Json>({ a: undefined })
expectNotAssignable<Json>(1n)
expectNotAssignable<Json>(new Date())
expectAssignable<RecordId>(['site', 7, 7n, new Uint8Array(1)])
expectNotAssignable<RecordId>(undefined)
expectNotAssignable<RecordId>([['site']])
const error = new FieldwardError('provider_denied', { message: 'no', cause: new Error('inner') })
expectAssignable<Error>(error)
expectType<'FieldwardError'>(error.name)
expectType<string>(error.code)
expectType<number | undefined>(error.row)
expectError(new FieldwardError())
expectError(new FieldwardError('provider_denied', 'no'))
// the native module's own, which the package keeps to itself
expectError(fieldward.install)
expectError(fieldward.testingPanicIn)
