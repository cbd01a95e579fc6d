// A provider for AWS KMS. The encryption context binds what is wrapped to its keyring and epoch.

import { DecryptCommand, EncryptCommand } from '@aws-sdk/client-kms'

export const kmsProvider = (client, KeyId) => ({
  kind: 'aws-kms',
  keyName: KeyId,
  wrap: async (secret, { pairs }) =>
    (await client.send(new EncryptCommand({ KeyId, Plaintext: secret, EncryptionContext: pairs }))).CiphertextBlob,
  unwrap: async (wrapped, { pairs }) =>
    (await client.send(new DecryptCommand({ KeyId, CiphertextBlob: wrapped, EncryptionContext: pairs }))).Plaintext
})
