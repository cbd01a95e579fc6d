// A provider of one's own: whatever wraps and unwraps 32 bytes, here a key of this process. `kms.mjs` asks AWS KMS.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { FieldwardError, Keyring, MemoryPin, MemoryStore } from 'fieldward'

/** `data` is what the secret is bound to: another keyring's does not open. */
const ownProvider = (key) => ({
  kind: 'own',
  keyName: 'key-1',
  async wrap (secret, { data }) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(data)
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
  },
  async unwrap (wrapped, { data }) {
    const cipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, 12)).setAAD(data).setAuthTag(wrapped.subarray(-16))
    const secret = cipher.update(wrapped.subarray(12, -16))
    try {
      return Buffer.concat([secret, cipher.final()])
    } catch {
      throw new FieldwardError('provider_wrong_key')
    }
  }
})

const key = randomBytes(32)
const options = (key) => ({ id: 'clinic', providers: { own: ownProvider(key) }, store, pin })
const [store, pin] = [new MemoryStore(), new MemoryPin()]
const made = await Keyring.create(options(key))
made.close()

const keyring = await Keyring.open(options(key))
console.log('opened', keyring.id, 'by', (await keyring.status()).providers.map(({ kind }) => kind).join())
keyring.close()
console.log('under another key:', await Keyring.open(options(randomBytes(32))).catch((error) => error.code))
