/* The types of the package; generated from the native module and `types.d.ts`. */

/** An error of the library. Its message holds names, limits and states, never data. */
export declare class FieldwardError extends Error {
  /** For providers and stores of your own: a code of `core/spec/error.md`, such as `provider_denied`. */
  constructor(code: string, said?: { kind?: string, message?: string, isRetryable?: boolean, detail?: string, cause?: unknown })
  name: 'FieldwardError'
  /** The stable code, such as `authentication_failed`. */
  code: string
  /** What the caller can do about it: `misuse`, `input`, `schema`, `envelope`, `authentication`, `key`, `keyring`, `provider`, `store`, `audit` or `system`. */
  kind: string
  /** Whether the same call may succeed later with nothing changed by the caller. */
  isRetryable: boolean
  /** A name, limit or state. */
  detail?: string
  /** The row of a batch or column that it concerns, from 0. */
  row?: number
}

/** Plain JSON: what `JSON.parse(JSON.stringify(value))` gives back as it was. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/**
 * A value, by the declared type of its field:
 *
 * | field | in | out |
 * |---|---|---|
 * | `text` | `string` | `string` |
 * | `bytes` | `Uint8Array` (a `Buffer` is one) | `Buffer` |
 * | `i64` | `bigint`, or a `number` that is an integer within 2^53 - 1 | `number` within 2^53 - 1, else `bigint`; with `exact` always `bigint` |
 * | `f64` | `number` | `number` |
 * | `bool` | `boolean` | `boolean` |
 * | `date` | `string`, `YYYY-MM-DD` | `string` |
 * | `timestamp` | `Date`, or RFC 3339 text | `Date` where one holds it (UTC, whole milliseconds), else text; with `exact` always text |
 * | `decimal` | `string` | `string` |
 * | `json` | plain JSON | the same |
 * | `uuid` | `string`, lowercase with hyphens | `string` |
 *
 * `null` is null; `undefined` is missing, and stays so.
 */
export type Value = string | number | bigint | boolean | Date | Uint8Array | Json | null | undefined

/** What stands in the database: bytes, or text where the field is stored as text. */
export type Stored = any

/** A record's id: one value, or one for each part that the schema declares. */
export type RecordId = string | number | bigint | Uint8Array | Array<string | number | bigint | Uint8Array> | null

/** What stands in an index's column. */
export type IndexValue = Buffer | string | Array<Buffer | string> | null

/** What an index's column is compared with: rows whose column holds one of the tokens; of words, all of them. */
export interface Query {
  /** The index's column. */
  column: string
  /** Bytes, or lowercase hexadecimal digits where the field is stored as text. */
  tokens: Array<any>
  /** False if the rows found are candidates, to be confirmed with `matches`. */
  isExact: boolean
}

/** A decrypted value and what is known about its key. */
export interface Opened {
  value: any
  /** The key that it was encrypted under, eight hexadecimal digits; `null` for null and for legacy plaintext. */
  keyId: string | null
  /** False if the key is suspended or compromised, or the value was never encrypted. */
  isTrusted: boolean
}

/** A value that was moved. */
export interface Reencrypted {
  stored: any
  indexValues: Record<string, IndexValue>
  isTrusted: boolean
}

/**
 * A provider of your own. Its methods may be async; an error of `FieldwardError` keeps its code, any other is `provider_unavailable`.
 *
 * The secret comes as a `Buffer`, which cannot be wiped for you: do not keep it. A method must not wait for the keyring that asks it.
 */
export interface OwnProvider {
  /** What it is, and the key's name there: both stand in documents. */
  readonly kind: string
  readonly keyName: string
  /** Wraps a secret of 32 bytes, bound to the context. */
  wrap(secret: Buffer, context: WrapContext): Uint8Array | Promise<Uint8Array>
  /** Gives back what was wrapped, if the context is the same. */
  unwrap(wrapped: Buffer, context: WrapContext): Uint8Array | Promise<Uint8Array>
}

/** A store of your own. Its methods may be async; an error of `FieldwardError` keeps its code, any other is `store_unavailable`. */
export interface OwnStore {
  /** The document, or null. */
  load(keyringId: string): Uint8Array | null | Promise<Uint8Array | null>
  /**
   * Puts the document in the place of the one with the tag `expected`, null for none, in one step: true once it is durable, false if
   * another one stands there.
   */
  save(keyringId: string, expected: DocumentTag | null, document: Buffer, tag: DocumentTag): boolean | Promise<boolean>
}

/** Tells classes apart that show no members: each is its own type, and no other object is one. */
declare const brand: unique symbol
export {}
export interface FilePin { readonly [brand]: 'FilePin' }
export interface FileStore { readonly [brand]: 'FileStore' }
export interface JsonLinesSink { readonly [brand]: 'JsonLinesSink' }
export interface LocalKeyDirectory { readonly [brand]: 'LocalKeyDirectory' }
export interface LocalKeyProvider { readonly [brand]: 'LocalKeyProvider' }
export interface MemoryPin { readonly [brand]: 'MemoryPin' }
export interface MemorySink { readonly [brand]: 'MemorySink' }
export interface MemoryStore { readonly [brand]: 'MemoryStore' }
export interface PassphraseProvider { readonly [brand]: 'PassphraseProvider' }

/** What can open a keyring. */
export type KeyProvider = LocalKeyProvider | LocalKeyDirectory | PassphraseProvider | OwnProvider
/** Where keyrings are kept. */
export type KeyStore = FileStore | MemoryStore | OwnStore
/** Takes the lines of the audit log, in order. What a function throws is not seen: it is not waited for. */
export type AuditSink = JsonLinesSink | MemorySink | ((line: string) => void)

/** What a keyring is connected to. Times are in seconds. */
export interface KeyringOptions {
  /** The keyring's id: 1 to 128 of `A-Z a-z 0-9 . _ -`. */
  id: string
  /** Providers by name; the first that can opens the keyring. */
  providers: Record<string, KeyProvider>
  /** Where the keyring's document is kept. */
  store: KeyStore
  /** What remembers the document's generation. A `FileStore` brings one of its own. */
  pin?: FilePin | MemoryPin
  /** Why there is no pin. */
  noPin?: string
  clock?: ManualClock
  audit?: AuditSink[]
  refreshAfter?: number
  maxStaleness?: number
  storeTimeout?: number
  rollbackWindow?: number
  /** How many derived keys are kept. */
  cacheCapacity?: number
  /** The root identity that is accepted in place of the pinned one. */
  acceptIdentity?: Uint8Array
  /** `portable` or `aws-lc`. */
  backend?: string
}


/**
 * Which binding artifact the generated loader actually loaded: `'native'` for
 * a native addon, otherwise the `platformArchABI` of the WASI flavor. Every
 * flavor napi-rs can build is listed, because `NAPI_RS_NATIVE_LIBRARY_PATH`
 * can point the loader at a WASI artifact this package does not build itself.
 */
export declare const __napiBindingTarget: 'native' | 'wasm32-wasi' | 'wasm32-wasip1'

/** Encrypts and decrypts the values of one field of one tenant. Made by `Keyring.field`, once, and kept. */
export declare class Field {
  /**
   * Encrypts many values, with a record id for each where the field binds one. `undefined` counts as `null`. The first value that
   * fails is the error, with its `row`, and nothing comes out.
   */
  encryptMany(values: Value[], recordIds?: RecordId[]): Promise<any[]>
  /** Decrypts many values. The first that fails is the error, with its `row`, and nothing comes out. */
  decryptMany(stored: Stored[], recordIds?: RecordId[]): Promise<any[]>
  /** Decrypts many values: those that fail are null, and listed with their errors. */
  openMany(stored: Stored[], recordIds?: RecordId[]): Promise<{ values: any[], failures: FieldwardError[], untrustedRows: number }>
  /** Encrypts a packed column of text or bytes, with a column of record ids where the field binds one. Nulls are kept. */
  encryptColumn(column: PackedColumn, recordIds?: BigInt64Array | PackedColumn | undefined | null): Promise<PackedColumn>
  /** Decrypts a packed column of text or bytes. The first row that fails is the error, with its `row`, and nothing comes out. */
  decryptColumn(stored: PackedColumn, recordIds?: BigInt64Array | PackedColumn | undefined | null): Promise<PackedColumn>
  /**
   * Encrypts a value under the current key: a `Buffer` for a binary column, a `string` where the field is stored as text. `null`
   * stays `null`, `undefined` stays `undefined`.
   */
  encrypt(value: Value, recordId?: RecordId): Stored
  /** Decrypts what is stored: the type that went in comes out. */
  decrypt(stored: Stored, recordId?: RecordId): Value
  /** Decrypts, and tells which key it was and whether the value can be trusted. */
  open(stored: Stored, recordId?: RecordId): Opened
  /** What every index of the field stores for a value, by column. */
  indexValues(value: Value): Record<string, IndexValue>
  /** What an index's column is compared with to find a value. */
  query(index: string, value: Value): Query
  /** What the column of a deterministic field is compared with: one envelope for each key version that is not destroyed. */
  tokens(value: Value): Array<Buffer | string>
  /** Whether a stored value is what a query asked for: confirms the candidates of a truncated index. */
  matches(index: string, query: Value, stored: Stored, recordId?: RecordId): boolean
  /** Whether a stored value should be re-encrypted. Reads the header only. */
  needsRotation(stored: Stored): boolean
  /**
   * Moves a stored value to the current key: the new envelope, and every index value computed anew.
   *
   * `to` moves it to another field, or to the same field of another tenant; `newRecordId` binds it to another record.
   */
  reencrypt(stored: Stored, recordId?: RecordId, to?: Field | undefined | null, newRecordId?: RecordId): Reencrypted
  /** The field's id. */
  get id(): string
}

/** Pins in a directory out of reach of whoever writes the store. */
export declare class FilePin {
  /** Pins in `directory`, which the first raise makes if it is missing. */
  constructor(directory: string)
}

/** One file per keyring in a directory, atomic and durable. */
export declare class FileStore {
  /** A store in `directory`, which the first save makes. It brings a pin of its own, in the user's state directory. */
  constructor(directory: string)
}

/** Appends to a file, one JSON line for each event, synced line by line. */
export declare class JsonLinesSink {
  /** Opens or makes the file, readable by its owner only. */
  constructor(path: string)
}

/**
 * The versioned keys of one tenant or application, open. Made by `Keyring.create` and `Keyring.open`.
 *
 * Closing it wipes its keys and closes every handle that it gave out.
 */
export declare class Keyring {
  /** Verifies the lines of an audit log against the keyring's audit keys and checkpoints. */
  verifyAudit(lines: Array<string>): Promise<AuditReport>
  /** Makes a new keyring. */
  static create(options: KeyringOptions): Promise<Keyring>
  /** Opens the keyring that the store holds. */
  static open(options: KeyringOptions): Promise<Keyring>
  /** Opens an exported document. */
  static recover(options: KeyringOptions, exported: Uint8Array): Promise<Keyring>
  /** The keyring's id. */
  get id(): string
  /** The back end that encrypts and decrypts its values: `portable`, `aws-lc` or `aws-lc-fips`. */
  get backend(): string
  /** A handle for one field of a schema. Make it once and keep it. */
  field(schema: Schema, field: string, options?: HandleOptions | undefined | null): Field
  /** A handle for whole records of a schema. Make it once and keep it. */
  records(schema: Schema, options?: HandleOptions | undefined | null): Records
  /** A handle that also decrypts under `suspended` or `compromised` keys, for re-encryption. What it gives is marked untrusted. */
  allow(state: string, reason: string): Keyring
  /** A handle whose decryptions are logged, with actor and reason. */
  readingAs(actor: string, reason: string): Keyring
  /**
   * Wipes the keys and closes every handle that the keyring gave out: they throw the code `closed` from then on. Work under way
   * ends first. Closing again does nothing.
   */
  close(): void
  /** Publishes a new version that takes over after a delay; its number. */
  rotate(when?: RotateWhen | undefined | null): Promise<number>
  /** Goes back to the version that was current before, inside the rollback window; its number. */
  rollback(): Promise<number>
  /** Suspends a version: it neither encrypts nor decrypts until it is resumed. */
  suspend(version: number, reason: string): Promise<undefined>
  /** Takes up a suspended version again. */
  resume(version: number, reason: string): Promise<undefined>
  /** Marks a version compromised: it is read only by name, for re-encryption. */
  markCompromised(version: number, reason: string): Promise<undefined>
  /** Marks the root compromised: every version is; a new epoch, version and index key begin. */
  markRootCompromised(reason: string, dropProviders?: Array<string> | undefined | null): Promise<RootReplaced>
  /** Starts a new root epoch; its number. */
  startEpoch(dropProviders?: Array<string> | undefined | null): Promise<number>
  /** Adds an index key, for a re-index; its number. */
  addIndexKey(): Promise<number>
  /** Adds a provider that can open the keyring from now on. */
  addProvider(name: string, provider: KeyProvider): Promise<undefined>
  /** Puts a provider in the place of the one of this name. */
  replaceProvider(name: string, provider: KeyProvider): Promise<undefined>
  /** Removes a provider's entry. Older copies of the document still open with it until a new epoch. */
  removeProvider(name: string): Promise<undefined>
  /** Reads the store now; whether there was a newer document. */
  refresh(): Promise<boolean>
  /** The document as it is now, to be kept elsewhere: wrapped keys only. */
  export(): Promise<Buffer>
  /** What pins compare and `acceptIdentity` takes: 32 bytes, not secret. */
  get rootIdentity(): Buffer
  /** The key ids of stored values whose version is in no document, as eight hexadecimal digits each. */
  unknownKeyIds(stored: Uint8Array[]): Array<string>
  /** Versions with their effective states, index keys and providers, as the specification names them. Holds no secret. */
  status(): Promise<Record<string, any>>
  /** The counters of this process, as the specification names them. */
  metrics(): Record<string, any>
  /** The counters of this process, in the text form that Prometheus reads. */
  prometheus(): string
  /**
   * Destroys a version, confirmed by its key id, or an index key: how far it reached, as the specification names it. Say what becomes
   * of earlier exports: `waiveExports` is a reason, `keepExport` takes the new document.
   */
  destroy(request: DestroyRequest, keepExport?: (document: Buffer) => void | Promise<void>): Promise<Record<string, any>>
}

/** Keeps one key file for each root epoch in a directory, so that the key of an epoch can be destroyed. */
export declare class LocalKeyDirectory {
  /** Keeps keys in `directory`, which must exist. `name` stands in documents: 1 to 64 of `a-z 0-9 -`. */
  constructor(directory: string, name: string)
  /** The name that stands in documents. */
  get keyName(): string
}

/** Wraps with a 256-bit key of the caller's: from a file, the environment or bytes. */
export declare class LocalKeyProvider {
  /** Uses this key: exactly 32 bytes, copied and wiped after use. The caller's copy is the caller's to keep safe. */
  constructor(key: Uint8Array)
  /** Uses a fresh key of the operating system's generator, known to this process alone: for tests and first steps. */
  static generate(): LocalKeyProvider
  /** Reads a key in its text form: `fwk1.` and unpadded base64url. */
  static fromText(text: string): LocalKeyProvider
  /** Reads the text form from an environment variable. */
  static fromEnv(variable: string): LocalKeyProvider
  /** Reads the text form from a file that only its owner can read. */
  static fromFile(path: string): LocalKeyProvider
  /** Makes a key file with a fresh key, readable by its owner only. A file that exists is left alone and refused. */
  static createFile(path: string): LocalKeyProvider
  /** The name that stands in documents: tells the key apart without telling it. */
  get keyName(): string
}

/** A clock that stands still until it is moved: for tests and demonstrations. */
export declare class ManualClock {
  /** A clock that shows `now`, in seconds since 1970. */
  constructor(now: number)
  /** Moves the clock by so many seconds. */
  advance(seconds: number): void
  /** Now, in seconds since 1970. */
  get now(): number
}

/** A pin in memory: refuses older documents for as long as it lives. */
export declare class MemoryPin {
  /** An empty pin. */
  constructor()
}

/** Keeps lines in memory: for tests, and for callers who send them on. */
export declare class MemorySink {
  /** An empty sink. */
  constructor()
  /** The lines so far, in order: a JSON object each. */
  lines(): Array<string>
}

/** Keeps documents in memory, for tests and demonstrations. */
export declare class MemoryStore {
  /** An empty store. */
  constructor()
}

/** Wraps under a passphrase with PBKDF2 (RFC 8018). */
export declare class PassphraseProvider {
  /** Uses this passphrase: 8 to 1,024 bytes of UTF-8, or bytes. `name` stands in documents. */
  constructor(name: string, secret: string | Uint8Array, options?: PassphraseOptions | undefined | null)
  /** Reads the passphrase from an environment variable. */
  static fromEnv(name: string, variable: string, options?: PassphraseOptions | undefined | null): PassphraseProvider
  /** The name that stands in documents. */
  get keyName(): string
}

/** Encrypts and decrypts the records of one schema, of one tenant. Made by `Keyring.records`, once, and kept. */
export declare class Records {
  /**
   * Encrypts every declared field of a record: a new object, with index columns after the record's own members. `null` stays `null`,
   * missing and `undefined` stay so; what the schema neither declares nor leaves in the clear is refused.
   */
  encrypt(record: object): Record<string, any>
  /** Decrypts every declared field of a row: the record that went in, without index columns. */
  decrypt(row: object): Record<string, any>
  /**
   * Decrypts, and tells whether every value can be trusted: false if one stood under a suspended or compromised key, or was never
   * encrypted.
   */
  open(row: object): { record: Record<string, any>, isTrusted: boolean }
  /** Whether a value of the row should be re-encrypted. */
  needsRotation(row: object): boolean
  /**
   * Moves every value of a row to the current key and computes every index value anew. Index columns that the row has are
   * compared first, where their index is exact.
   */
  reencrypt(row: object): Record<string, any>
  /** What an index's column is compared with to find a value of a field. */
  query(field: string, index: string, value: Value): Query
  /** Whether a row is what a query asked for, in any of the field's values: confirms the candidates of a truncated index. */
  matches(field: string, index: string, query: Value, row: object): boolean
  /** Refuses the names of members, or columns, as `encrypt` refuses them. */
  checkNames(names: Array<string>): void
  /** Whether a member of this name is the column of an index. */
  isIndexColumn(name: string): boolean
}

/** The declared fields of one table or kind of document. */
export declare class Schema {
  /** Reads a schema in JSON, at most 256 KiB. */
  static fromJson(text: string): Schema
  /** Reads a schema in TOML: the same model. */
  static fromToml(text: string): Schema
  /**
   * The built-in preset: `ssn`, `medical_record_number`, `phone_number`, `email`, `address` and `emergency_contact` of the table
   * `patients`, bound to `patient_id`.
   */
  static patient(): Schema
  /** The stable id of the table: enters keys, and never changes. */
  get table(): string
  /** The ids of the declared fields, in order. */
  get fields(): Array<string>
  /** What is declared of a field, by id, name or alias. */
  field(name: string): FieldDeclaration
  /** The parts of the record id; `null` if the schema binds none. */
  get recordId(): Array<RecordIdPart> | null
}

/** Something wrong in an audit log. */
export interface AuditProblem {
  /** What it is. */
  kind: string
  /** The line, from 1, where it is one. */
  line?: number
  /** The writer, where it is known. */
  writer?: string
}

/** What an audit log was found to be. */
export interface AuditReport {
  /** Whether nothing is wrong. */
  isIntact: boolean
  /** Entries whose chain holds. */
  verified: number
  /** Entries under keys that the keyring does not have. */
  unverifiable: number
  /** Entries from before a root was open. */
  unauthenticated: number
  /** How many problems there are; not all are listed. */
  problemCount: number
  /** The first of them. */
  problems: Array<AuditProblem>
}

/** The back ends that this build has, each with the version of the code behind it. */
export declare function backends(): Record<string, string>

/** What to destroy, and what becomes of earlier exports. */
export interface DestroyRequest {
  /** Why. */
  reason: string
  /** The version, with `keyId` to confirm it. */
  version?: number
  /** The version's key id, eight hexadecimal digits. */
  keyId?: string
  /** The index key, in place of a version. */
  indexKey?: number
  /** Why earlier exports may stay as they are. */
  waiveExports?: string
  /** Providers that are out of reach and dropped. */
  dropProviders?: Array<string>
}

/** Reads the tag from a document's bytes. It needs no key, and verifies nothing. */
export declare function documentTag(document: Uint8Array): DocumentTag

/** Which document a store holds: its generation and its MAC. A save compares both. */
export interface DocumentTag {
  /** The document's generation: only grows. */
  generation: number
  /** The document's MAC, 32 bytes. Not secret. */
  mac: Buffer
}

/** What a schema declares of a field. */
export interface FieldDeclaration {
  /** The stable id: enters keys, and never changes. */
  id: string
  /** The name. */
  name: string
  /** The path in a record. */
  path: string
  /** The name, if the field is a member of the record itself. */
  column?: string
  /** `text`, `bytes`, `i64`, `f64`, `bool`, `date`, `timestamp`, `decimal`, `json` or `uuid`. */
  type: string
  /** `randomized` or `deterministic`. */
  mode: string
  /** `bytes` or `text`. */
  stored: string
  /** Whether a value is bound to its record's id. */
  isBound: boolean
  /** Whether a record must have it. */
  required: boolean
  /** The indexes, in order. */
  indexes: Array<IndexDeclaration>
}

/** What a handle of a field or of records can be told. */
export interface HandleOptions {
  /** The tenant, where there are tenants. */
  tenant?: string
  /** Whether `i64` comes out as `bigint` and `timestamp` as text, so that nothing of what another language wrote is lost. False. */
  exact?: boolean
}

/** What a schema declares of an index. */
export interface IndexDeclaration {
  /** The name. */
  name: string
  /** The column beside the field. */
  column: string
  /** False if what it finds are candidates, to be confirmed with `matches`. */
  isExact: boolean
  /** Whether the column holds a list. */
  isList: boolean
}

/** Reads an envelope's header without a key. */
export declare function inspect(stored: Uint8Array | string): Inspection

/** What an envelope's header says. */
export interface Inspection {
  /** The suite. */
  suite: number
  /** The key, eight hexadecimal digits. */
  keyId: string
  /** The value's length with its type byte and padding, in bytes. */
  plaintextLen: number
  /** Whether it is in text form. */
  isText: boolean
}

/** Text or bytes of many rows, as Arrow has them. */
export interface PackedColumn {
  /** The bytes of all rows. */
  data: Uint8Array
  /** Where each row begins in `data`, and where the last ends: one more than there are rows. */
  offsets: Int32Array
  /** A bit for each row that is not null, least significant first. Without it none is null. */
  validity?: Uint8Array
}

/** How a passphrase becomes a key. */
export interface PassphraseOptions {
  /** `sha-256` unless it is `sha-512`. */
  hash?: string
  /** 600,000 with SHA-256 and 220,000 with SHA-512 unless said otherwise; at least 100,000. */
  iterations?: number
}

/** A part of the record id. */
export interface RecordIdPart {
  /** The path in a record. */
  path: string
  /** The type. */
  type: string
}

/** Numbers of what replaced a compromised root. */
export interface RootReplaced {
  /** The new epoch. */
  epoch: number
  /** The new version. */
  version: number
  /** The new index key. */
  indexKey: number
}

/** When a new version takes over. */
export interface RotateWhen {
  /** The delay, in seconds: 24 hours unless said otherwise. */
  after?: number
  /** Takes over before other processes can know the key. */
  activateImmediately?: boolean
}

/** What a wrapped secret is bound to: a provider passes it on, so that another context does not open it. */
export interface WrapContext {
  /** The keyring's id. */
  keyringId: string
  /** The root epoch. */
  epoch: number
  /** What the secret is: `root`. */
  purpose: string
  /** Names and values, for services that take an encryption context. */
  pairs: Record<string, string>
  /** Canonical bytes, for mechanisms that take associated data. */
  data: Buffer
}
