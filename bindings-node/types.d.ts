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

