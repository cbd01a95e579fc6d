// A provider of one's own: whatever wraps and unwraps 32 bytes, here a service that only this process knows.

import Fieldward
import Foundation

struct ServiceProvider: KeyProvider {
    let kind = "platform"
    let keyName = "app-key"
    let service: Service

    func wrap(_ secret: Data, context: WrapContext) async throws -> Data {
        try await service.encrypt(secret, associatedData: context.data)
    }

    func unwrap(_ wrapped: Data, context: WrapContext) async throws -> Data {
        try await service.decrypt(wrapped, associatedData: context.data)
    }
}

/// It hands out a handle for each secret that it keeps, and refuses the wrong context.
actor Service {
    private var kept: [Data: (Data, Data)] = [:]

    func encrypt(_ secret: Data, associatedData: Data) throws -> Data {
        let handle = Data("handle \(kept.count)".utf8)
        kept[handle] = (secret, associatedData)
        return handle
    }

    func decrypt(_ handle: Data, associatedData: Data) throws -> Data {
        guard let (secret, bound) = kept[handle], bound == associatedData else {
            throw FieldwardError.provider("provider_wrong_key")
        }
        return secret
    }
}

@Sendable func provider() async throws {
    let (service, store) = (Service(), Store.memory())
    func config(_ service: Service) throws -> KeyringConfig {
        KeyringConfig(
            id: "device-7", providers: ["platform": try .of(ServiceProvider(service: service))], store: store,
            noPin: "an example in memory")
    }
    try await config(service).create().close()

    let keyring = try await config(service).open()
    print("opened \(try keyring.id) by \(try keyring.status().providers[0].kind)")
    keyring.close()
    do {
        _ = try await config(Service()).open()
    } catch let refused as FieldwardError {
        print("under another key: \(refused.code)")
    }
}
