'use strict'

// A keyring's document with keys of the test's own, made in JavaScript by core/spec: values under known keys go through the package then.

const { createCipheriv, createHash, createHmac } = require('node:crypto')

const ROOT_KEY = Buffer.alloc(32, 7)

const number = (value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(value); return bytes }
/** Parts: absent is 00, present is 01, length, bytes. */
const parts = (items) => Buffer.concat(items.flatMap((item) => item === null ? [Buffer.of(0)] : [Buffer.of(1), number(item.length), item]))
/** HKDF-Expand-SHA-256 (RFC 5869) to 32 bytes. */
const expand = (label) => createHmac('sha256', ROOT_KEY).update(parts([Buffer.from('fieldward/1'), Buffer.from(label)])).update(Buffer.of(1)).digest()
const block = (key, bytes) => createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(bytes)

/** XAES-256-GCM (C2SP): a key derived from the first half of the nonce, AES-256-GCM with the second. */
function xaesSeal (key, nonce, data, plaintext) {
  const subkey = block(key, Buffer.alloc(16))
  const carry = subkey[0] >> 7
  for (let at = 0; at < 16; at++) subkey[at] = subkey[at] << 1 | (subkey[at + 1] ?? 0) >> 7
  if (carry) subkey[15] ^= 0x87
  const derived = [1, 2].map((counter) => {
    const input = Buffer.concat([Buffer.of(0, counter, 0x58, 0), nonce.subarray(0, 12)])
    return block(key, input.map((byte, at) => byte ^ subkey[at]))
  })
  const cipher = createCipheriv('aes-256-gcm', Buffer.concat(derived), nonce.subarray(12)).setAAD(data)
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

const wrapped = (kind, keyId, key) =>
  xaesSeal(expand('wrap'), Buffer.alloc(24, kind), parts([Buffer.from(kind), Buffer.from('clinic'), number(1), keyId, number(1)]), key).toString('base64url')

/** The document of the keyring `clinic` with one data key, of this id, and one index key. */
function documentOf ({ keyId = '00000001', dataKey = Buffer.alloc(32, 1), indexKey = Buffer.alloc(32, 2) }) {
  const since = { created: 0, epoch: 1, last_epoch: null }
  const covered = Buffer.from(JSON.stringify({
    format: 'fieldward-keyring', version: 1, keyring_id: 'clinic', generation: 1, epoch: 1,
    root_identity: createHash('sha256').update(expand('link')).digest('hex'), max_staleness: 3600, rollback_window: 7776000,
    providers: [{ name: 'primary', kind: 'local', key_name: 'k', made: false, params: {}, wrapped_root: 'AAAAAAAAAAA' }],
    data_keys: [{ version: 1, key_id: keyId, state: 'active', ...since, changed: 0, wrapped: wrapped('data', Buffer.from(keyId, 'hex'), dataKey) }],
    schedule: [{ version: 1, time: 0, at_once: true }],
    index_keys: [{ number: 1, ...since, wrapped: wrapped('index', null, indexKey) }],
    links: [], audit_keys: [], epochs: [], checkpoints: []
  }) + '\n')
  return Buffer.concat([covered, Buffer.from(`hmac-sha256 ${createHmac('sha256', expand('document')).update(covered).digest('hex')}\n`)])
}

/** What opens it: its store, and a provider that gives its root. */
const connected = (keys) => {
  const document = documentOf(keys)
  return {
    providers: { primary: { kind: 'local', keyName: 'k', wrap: () => Buffer.alloc(1), unwrap: () => ROOT_KEY } },
    store: { load: () => document, save: () => false }
  }
}

module.exports = { connected }
